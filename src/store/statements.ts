// The prepared statements of a connection: each SQL text is compiled once and reused. No text is compiled twice,
// because a compiled statement holds memory outside the JavaScript heap, which garbage collection frees late or never.

import type { ReadDatabase, Statement } from './database.ts';

/**
 * Maximum number of SQL texts per connection. The program's texts are constants, some with a few possible sort orders.
 * Texts built from values of a request would be new with every request.
 */
export const STATEMENTS_MAX = 128;

const compiled = new WeakMap<ReadDatabase, Map<string, unknown>>();

/**
 * The statement for this SQL on this connection, compiled at the first call. All callers with the same text get the
 * same statement object, so they must use it in the same mode (`pluck` or not). Throws SQLite's error for invalid SQL,
 * and a `RangeError` for one text too many, which is a defect of the caller.
 */
export function statement<Bind extends unknown[] | object = unknown[], Row = unknown>(
  database: ReadDatabase,
  sql: string,
): Statement<Bind, Row> {
  let statements = compiled.get(database);
  if (statements === undefined) {
    statements = new Map();
    compiled.set(database, statements);
  }
  const known = statements.get(sql);
  // The text alone decides the parameters and the row of a statement; the caller states their types.
  if (known !== undefined) return known as Statement<Bind, Row>;
  if (statements.size >= STATEMENTS_MAX) {
    throw new RangeError(
      `a connection uses more than ${STATEMENTS_MAX} SQL texts: put values into parameters`,
    );
  }
  const prepared = database.prepare<Bind, Row>(sql);
  statements.set(sql, prepared);
  return prepared;
}
