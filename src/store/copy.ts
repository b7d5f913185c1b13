// Copies a database into another file that is whole or not there, however we die. It changes nothing in the one copied.

import { rmSync, writeFileSync } from 'node:fs';
import { CodedError } from '../lib/errors.ts';
import { renameDurably } from '../lib/durable.ts';

/** A connection to the database that is copied. */
interface Copied {
  prepare(sql: string): { run(target: string): unknown };
}

/**
 * Copies what this connection sees, the write-ahead log included, to `target`, replacing a file of that name.
 * Errors: `copy_failed`.
 */
export function copyDatabase(database: Copied, target: string): void {
  const unfinished = `${target}.unfinished`;
  try {
    removeUnfinished(unfinished);
    // As secret as the database: SQLite fills an empty file, and leaves its mode.
    writeFileSync(unfinished, '', { mode: 0o600 });
    database.prepare('VACUUM INTO ?').run(unfinished);
    renameDurably(unfinished, target);
  } catch (error) {
    removeUnfinished(unfinished);
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CodedError(
      'copy_failed',
      `The copy ${target} could not be made (${code}), and nothing was changed: make room on the disk, or make the folder writable.`,
      { cause: error },
    );
  }
}

function removeUnfinished(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-journal`, { force: true });
}
