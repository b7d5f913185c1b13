// What can be wrong with the disk under the database: commits that take long, and commits that SQLite refuses at the
// beginning (somebody else writes), in the middle, or for want of room.

import Sqlite from 'better-sqlite3';
import type { Database } from '../../../src/store/database.ts';

export const REFUSALS = ['busy', 'middle', 'full'] as const;
export type Refusal = (typeof REFUSALS)[number];

const PAGES_MAX = 4_294_967_294;

export class SimulatedDisk {
  /** How long the writer needs for a batch, in ms. */
  delayMs = 0;
  readonly #path: string;
  #refusal: Refusal | null = null;
  #database: Database | null = null;
  #other: Sqlite.Database | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** The writer's connection, from now on. */
  serve(database: Database): void {
    this.#database = database;
    database.pragma('busy_timeout = 0');
    if (this.#refusal === 'middle' || this.#refusal === 'full') this.#apply(this.#refusal);
  }

  /** The writer's connection is gone. */
  abandon(): void {
    this.#database = null;
  }

  refuse(refusal: Refusal): void {
    this.#accept();
    this.#refusal = refusal;
    this.#apply(refusal);
  }

  /** Commits work again, quickly. */
  heal(): void {
    this.delayMs = 0;
    this.#accept();
  }

  #accept(): void {
    const refusal = this.#refusal;
    this.#refusal = null;
    this.#other?.close();
    this.#other = null;
    if (refusal === 'middle') this.#database?.exec('DROP TRIGGER refusal');
    if (refusal === 'full') this.#database?.pragma(`max_page_count = ${PAGES_MAX}`);
  }

  #apply(refusal: Refusal): void {
    switch (refusal) {
      case 'busy':
        this.#other = new Sqlite(this.#path);
        this.#other.exec('BEGIN IMMEDIATE');
        return;
      case 'middle':
        // The observed clock is written after the rows and before the position.
        this.#database?.exec(
          `CREATE TEMP TRIGGER refusal BEFORE INSERT ON main.settings_kept BEGIN SELECT RAISE(ABORT, 'refused'); END`,
        );
        return;
      case 'full':
        this.#database?.pragma('max_page_count = 1');
    }
  }
}
