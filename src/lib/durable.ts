// Files that are whole or not there: written under another name, brought to the disk, then renamed.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Returns when everything written to the file is on the disk. Throws the system's error. */
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

/** Writes the file, replacing what has its name: after a crash it is as before or whole. Throws the system's error. */
export function writeDurably(path: string, text: string, mode?: number): void {
  const unfinished = unfinishedOf(path);
  // What an earlier try left may have another mode.
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, text, mode === undefined ? {} : { mode });
  renameDurably(unfinished, path);
}

/** What {@link writeDurably} calls the file until it is whole. */
export function unfinishedOf(path: string): string {
  return `${path}.unfinished`;
}

/** Brings the file to the disk and gives it its name, replacing what has it: after a crash the name means one or the other. */
export function renameDurably(from: string, to: string): void {
  syncFile(from);
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Returns when the names in the folder are on the disk. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
