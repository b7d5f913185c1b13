// Faults of the disk under the database: slow commits, little free space, a file that is away for a while, and commits
// that SQLite refuses at the beginning (another process writes), in the middle, for lack of space, or for their
// content.

import { renameSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { Database } from '../../../src/store/database.ts';
import type { Room } from '../../../src/store/free-space.ts';

/** Faults that last until they are repaired; the program waits for that. */
export const REFUSALS = ['busy', 'middle', 'full', 'missing'] as const;
/** With `value` one commit with a new task fails as if a message could not be stored, and the next one works. */
export type Refusal = (typeof REFUSALS)[number] | 'value';

/** No row of such a node can ever be stored. */
export const UNSTORABLE = 'unstorable-';

const PAGES_MAX = 4_294_967_294;
const ENOUGH: Room = { freeBytes: 50e9, sizeBytes: 100e9 };
const NEARLY_FULL: Room = { freeBytes: 4e9, sizeBytes: 100e9 };

export class SimulatedDisk {
  /** How long the writer needs for a batch, in ms. */
  delayMs = 0;
  /** Of its file system. */
  room: Room = ENOUGH;
  readonly #path: string;
  #refusal: Refusal | null = null;
  #database: Database | null = null;
  #other: Sqlite.Database | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** The database file is not where it was: no process can start. */
  get isMissing(): boolean {
    return this.#refusal === 'missing';
  }

  /** The writer's connection, from now on. */
  serve(database: Database): void {
    this.#database = database;
    database.pragma('busy_timeout = 0');
    database.function('refuse', () => this.#refuse());
    database.exec(
      `CREATE TEMP TRIGGER unstorable BEFORE INSERT ON main.nodes WHEN NEW.node_id LIKE '${UNSTORABLE}%'
         BEGIN SELECT RAISE(ABORT, 'unstorable'); END`,
    );
    if (this.#refusal !== null && this.#refusal !== 'busy') this.#apply(this.#refusal);
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

  /** So little space is free that the program must stop reading. */
  fill(): void {
    this.room = NEARLY_FULL;
  }

  /** Ends all faults. */
  heal(): void {
    this.delayMs = 0;
    this.room = ENOUGH;
    this.#accept();
  }

  #accept(): void {
    const refusal = this.#refusal;
    this.#refusal = null;
    this.#other?.close();
    this.#other = null;
    if (refusal === 'missing') renameSync(`${this.#path}.away`, this.#path);
    if (refusal === 'full') this.#database?.pragma(`max_page_count = ${PAGES_MAX}`);
    // A value that was refused once leaves no refusal, but its trigger.
    this.#database?.exec('DROP TRIGGER IF EXISTS refusal');
  }

  #apply(refusal: Refusal): void {
    switch (refusal) {
      case 'busy':
        this.#other = new Sqlite(this.#path);
        this.#other.exec('BEGIN IMMEDIATE');
        return;
      case 'middle':
        // The observed clock is written after the rows and before the position.
        this.#refuseBefore('INSERT ON main.settings_kept');
        return;
      case 'value':
        this.#refuseBefore('INSERT ON main.tasks');
        return;
      case 'full':
        this.#database?.pragma('max_page_count = 1');
        return;
      case 'missing':
        renameSync(this.#path, `${this.#path}.away`);
    }
  }

  #refuseBefore(event: string): void {
    this.#database?.exec(`CREATE TEMP TRIGGER refusal BEFORE ${event} BEGIN SELECT refuse(); END`);
  }

  /** Called by the triggers. */
  #refuse(): number {
    if (this.#refusal === 'middle') throw new Sqlite.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE');
    if (this.#refusal !== 'value') return 0;
    this.#refusal = null;
    throw new Sqlite.SqliteError('a value is refused', 'SQLITE_CONSTRAINT_CHECK');
  }
}
