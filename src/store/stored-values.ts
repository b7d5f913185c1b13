// Named single values in the table `settings_kept`, which live as long as the database: the aggregator's id, the
// observed clock, shared limits.

import type { Database } from './database.ts';
import { statement } from './statements.ts';

/**
 * The values in memory. Changes reach the disk with {@link StoredValues.write}, or at once with {@link
 * StoredValues.setNow}.
 */
export class StoredValues {
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

  /** The value as a number; 0 if there is none. */
  number(name: string): number {
    return Number(this.#values.get(name) ?? 0);
  }

  /** The value as text; null if there is none. */
  text(name: string): string | null {
    const value = this.#values.get(name);
    return value === undefined ? null : String(value);
  }

  /** Changes a value; the next {@link write} writes it. */
  set(name: string, value: string | number): void {
    if (this.#values.get(name) === value) return;
    this.#values.set(name, value);
    this.#changed.add(name);
  }

  /**
   * Writes a value at once, without waiting for a commit, and returns it. For values that must be on disk before anyone
   * learns of them.
   */
  setNow<V extends string | number>(name: string, value: V): V {
    this.#save(name, value);
    this.#values.set(name, value);
    return value;
  }

  /** Writes the changed values, inside the caller's transaction. */
  write(): void {
    for (const name of this.#changed) this.#save(name, this.#values.get(name) ?? '');
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#changed.clear();
  }
}
