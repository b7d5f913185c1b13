// How much room the file system of the database has. Below a share of it nothing more is read, so that what is under way
// can still be committed; above a somewhat larger share reading goes on, so that it does not flutter at the limit.

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Below this share of the file system of the database nothing more is read. */
export const FREE_SPACE_LOW_SHARE = 0.05;
/** From this share on it is read again: higher, so that it does not flutter. */
export const FREE_SPACE_ENOUGH_SHARE = 0.06;
/** Time between two looks at the free space. */
export const FREE_SPACE_CHECK_MS = 2_000;

/** What a file system has, in bytes. */
export interface Room {
  /** What our user may still take. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

export interface FreeSpaceOptions {
  /** Below this share (0 … 1) of the file system it is low. */
  readonly lowShare: number;
  /** From this share on it is low no more. */
  readonly enoughShare: number;
}

export class FreeSpace {
  /** At the last {@link check}; null if the system does not tell. */
  room: Room | null = null;
  isLow = false;
  readonly #options: FreeSpaceOptions;
  readonly #read: () => Room;

  /** `read` throws where the system does not tell; then nothing is held back. */
  constructor(options: FreeSpaceOptions, read: () => Room) {
    this.#options = options;
    this.#read = read;
  }

  /** Looks; returns true if {@link isLow} changed. */
  check(): boolean {
    try {
      this.room = this.#read();
    } catch {
      // The folder may be gone; commits will say so.
      this.room = null;
      return false;
    }
    const { freeBytes, sizeBytes } = this.room;
    const share = sizeBytes > 0 ? freeBytes / sizeBytes : 1;
    const wasLow = this.isLow;
    this.isLow = share < (wasLow ? this.#options.enoughShare : this.#options.lowShare);
    return this.isLow !== wasLow;
  }

  /** One sentence for log and `/readyz`. `path` is the database's. */
  explain(path: string): string {
    const { freeBytes = 0, sizeBytes = 0 } = this.room ?? {};
    const percent = (share: number) => `${Math.floor(share * 1000) / 10} %`;
    const megabytes = Math.floor(freeBytes / 1e6);
    return `the file system of ${path} has ${percent(freeBytes / Math.max(1, sizeBytes))} free (${megabytes} MB), below ${percent(this.#options.lowShare)}: make room on ${dirname(path)}; reading goes on at ${percent(this.#options.enoughShare)}`;
  }
}

/** The room on the file system that holds the database at `path`. Throws the system's error. */
export function roomBeside(path: string): Room {
  const { bavail, blocks, bsize } = statfsSync(dirname(path));
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}
