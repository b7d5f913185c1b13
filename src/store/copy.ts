// Copies a database into another file that is whole or not there, however we die. It changes nothing in the one copied.

import { rmSync, writeFileSync } from 'node:fs';
import { renameDurably } from '../lib/durable.ts';
import { copyFailed } from './copy-failed.ts';
import { refusalOf } from './refusal.ts';

/** A connection to the database that is copied. */
interface Copied {
  prepare(sql: string): { run(target: string): unknown };
}

/**
 * Copies what this connection sees, the write-ahead log included, to `target`, replacing a file of that name.
 * Errors: `copy_failed`; SQLite's own if the database is damaged.
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
    // It is the database that cannot be read.
    if (refusalOf(error) === 'damaged') throw error;
    throw copyFailed(`The copy ${target}`, error, target);
  }
}

function removeUnfinished(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-journal`, { force: true });
}
