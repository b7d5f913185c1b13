// Single values that live as long as the database: the aggregator's id, the observed clock, shared limits.

import type { Database } from './database.ts';
import { statement } from './statements.ts';

export class KeptValues {
  readonly #values = new Map<string, string | number>();
  readonly #changed = new Set<string>();
  readonly #save: (name: string, value: string | number) => void;

  constructor(database: Database) {
    const rows = statement<[], { name: string; value: string | number }>(
      database,
      'SELECT name, value FROM settings_kept',
    ).all();
    for (const row of rows) this.#values.set(row.name, row.value);
    const save = statement(
      database,
      'INSERT INTO settings_kept (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    this.#save = (name, value) => save.run(name, value);
  }

  number(name: string): number {
    return Number(this.#values.get(name) ?? 0);
  }

  text(name: string): string | null {
    const value = this.#values.get(name);
    return value === undefined ? null : String(value);
  }

  set(name: string, value: string | number): void {
    if (this.#values.get(name) === value) return;
    this.#values.set(name, value);
    this.#changed.add(name);
  }

  /** Keeps a value at once, without waiting for a commit: what must not be told to anyone before it is on disk. */
  setNow(name: string, value: string): string {
    this.#save(name, value);
    this.#values.set(name, value);
    return value;
  }

  /** Writes what changed, inside the caller's transaction. */
  write(): void {
    for (const name of this.#changed) this.#save(name, this.#values.get(name) ?? '');
  }

  committed(): void {
    this.#changed.clear();
  }
}
