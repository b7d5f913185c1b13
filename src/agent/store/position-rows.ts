// The rows of reading positions. All inside the caller's transaction. What a position says, only its source understands;
// a source also says which positions are of no use any more, and so bounds their number.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { SourceKind, StoredPosition } from '../domain/source-facts.ts';

/** The reading positions. */
export class PositionRows {
  readonly #save: Statement<[string, string, string]>;
  readonly #drop: Statement<[string, string]>;
  readonly #all: Statement<[], StoredPosition>;

  constructor(database: Database) {
    this.#save = statement(
      database,
      'INSERT INTO positions (source, key, state) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state',
    );
    this.#drop = statement(database, 'DELETE FROM positions WHERE source = ? AND key = ?');
    this.#all = statement(database, 'SELECT source, key, state FROM positions');
  }

  set({ source, key, state }: StoredPosition): void {
    this.#save.run(source, key, state);
  }

  drop(source: SourceKind, key: string): void {
    this.#drop.run(source, key);
  }

  all(): readonly StoredPosition[] {
    return this.#all.all();
  }
}
