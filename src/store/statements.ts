// The prepared statements of a connection: each SQL text is compiled once and used again. It never compiles a text anew,
// because a compiled statement holds memory outside the JavaScript heap: garbage collection frees it late, or never.

import type { ReadDatabase, Statement } from './database.ts';

/**
 * SQL texts that one connection may use. The program's texts are constants, some with a few orders to choose from; a text
 * built from a value of a question would be a new one with every question.
 */
export const STATEMENTS_MAX = 128;

const compiled = new WeakMap<ReadDatabase, Map<string, unknown>>();

/**
 * The statement for this SQL on this connection, compiled at the first call. Everyone who asks with the same text gets the
 * same statement, so all of them must use the same mode of it (`pluck` or not). Throws SQLite's error for SQL that it does
 * not accept, and a `RangeError` for one text too many, which is a defect of the caller.
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
  // The text alone decides what a statement takes and gives; each caller names that in the types beside it.
  if (known !== undefined) return known as Statement<Bind, Row>;
  if (statements.size >= STATEMENTS_MAX) {
    throw new RangeError(
      `a connection uses more than ${STATEMENTS_MAX} SQL texts: put values into parameters`,
    );
  }
  const made = database.prepare<Bind, Row>(sql);
  statements.set(sql, made);
  return made;
}
