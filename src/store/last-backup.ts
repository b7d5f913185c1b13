// The time of the last complete backup of a database, in a small file beside the database, because the command `backup`
// is another process than the program that shows the time. It makes no backup and judges no age.

import { readFile } from 'node:fs/promises';
import { errorCode } from '../lib/error-code.ts';
import { writeDurably } from '../lib/durable.ts';

/** Anybody who may look into the folder may read the time. */
const MODE = 0o644;

function recordPath(databasePath: string): string {
  return `${databasePath}.last-backup`;
}

/**
 * Records that a backup of the database was complete at `atMs`, Unix time. Returns a sentence if the time could not be
 * written: the backup itself is whole then.
 */
export function recordBackup(databasePath: string, atMs: number): string | null {
  const path = recordPath(databasePath);
  try {
    writeDurably(path, `${new Date(atMs).toISOString()}\n`, MODE);
    return null;
  } catch (error) {
    return `The time of this backup could not be written to ${path} (${errorCode(error) ?? 'unknown error'}): the age that the program shows is that of an earlier backup, or of none.`;
  }
}

/** The time of the last backup, as the file beside the database has it. */
export class LastBackup {
  readonly #path: string;
  #atMs: number | null = null;

  constructor(databasePath: string) {
    this.#path = recordPath(databasePath);
  }

  /** Unix time in milliseconds, as of the last {@link look}; null if no backup is known. */
  get atMs(): number | null {
    return this.#atMs;
  }

  /** Reads the file. A file that is missing or has no time in it is the same as no backup. */
  async look(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const atMs = Date.parse(text.trim());
    this.#atMs = Number.isNaN(atMs) ? null : atMs;
  }
}
