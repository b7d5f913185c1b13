// Writes files that are either complete or absent: writes under another name, flushes to the disk, then renames.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Returns when the disk has everything that was written to the file. Throws the system's error. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The mode of a file that holds secrets. */
export const OWNER_ONLY = 0o600;

/**
 * Writes the file, replacing one of the same name: after a crash the old or the new file is there, complete. Throws the
 * system's error.
 */
export function writeDurably(path: string, text: string, mode?: number): void {
  const unfinished = unfinishedOf(path);
  // A file left by an earlier attempt may have another mode.
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, text, mode === undefined ? {} : { mode });
  renameDurably(unfinished, path);
}

/** The name that {@link writeDurably} gives the file until it is complete. */
export function unfinishedOf(path: string): string {
  return `${path}.unfinished`;
}

/**
 * Flushes the file to the disk and renames it, replacing a file of that name: after a crash the name belongs to the old
 * or the new file.
 */
export function renameDurably(from: string, to: string): void {
  syncFile(from);
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Returns when the disk has the names in the folder. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
