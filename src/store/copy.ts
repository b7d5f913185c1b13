// Copies a database into another file, which is complete or absent even if the process dies in between. It does not
// change the source.

import { rmSync, writeFileSync } from 'node:fs';
import { renameDurably } from '../lib/durable.ts';
import { copyFailed } from './copy-failed.ts';
import { refusalOf } from './refusal.ts';

/** A connection to the source database. */
interface Copied {
  prepare(sql: string): { run(target: string): unknown };
}

/**
 * Copies the database as this connection sees it, including its write-ahead log, to `target`; an existing file there is
 * replaced. Errors: `copy_failed`; SQLite's own error if the database is damaged.
 */
export function copyDatabase(database: Copied, target: string): void {
  const unfinished = `${target}.unfinished`;
  try {
    removeUnfinished(unfinished);
    // The copy is as secret as the database. SQLite fills the empty file and keeps its mode.
    writeFileSync(unfinished, '', { mode: 0o600 });
    database.prepare('VACUUM INTO ?').run(unfinished);
    renameDurably(unfinished, target);
  } catch (error) {
    removeUnfinished(unfinished);
    // The source cannot be read, so the target is not to blame.
    if (refusalOf(error) === 'damaged') throw error;
    throw copyFailed(`The copy ${target}`, error, target);
  }
}

function removeUnfinished(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-journal`, { force: true });
}
