// Watches the free space on the file system of the database. Below a share of the file system the source must stop
// reading, so that pending work can still be committed. Reading resumes at a somewhat larger share, so that it does not
// switch on and off at the limit.

import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The source stops reading below this share of free space on the file system of the database. */
export const FREE_SPACE_LOW_SHARE = 0.05;
/**
 * The source reads again from this share on; it is higher than the low share, so that reading does not switch on and
 * off at the limit.
 */
export const FREE_SPACE_ENOUGH_SHARE = 0.06;
/** Time between two checks of the free space. */
export const FREE_SPACE_CHECK_MS = 2_000;

/** Free space and size of a file system, in bytes. */
export interface Room {
  /** Bytes that this user can still use. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** The disk under a database, as far as {@link FreeSpace} needs it. */
export interface Disk {
  /** Throws if the system does not report the space. */
  room(): Room;
  /** Size of the database and its log, in bytes. */
  sizeBytes(): number;
}

/** The two limits of a {@link FreeSpace}, as shares (0 … 1) of the file system. */
export interface FreeSpaceOptions {
  /** Below this share the free space becomes low. */
  readonly lowShare: number;
  /** From this share on the free space is no longer low. */
  readonly enoughShare: number;
}

/** Whether the free space is low, with hysteresis; checked only when the owner calls {@link FreeSpace.check}. */
export class FreeSpace {
  /** The space found by the last {@link check}; null if the system did not report it. */
  room: Room | null = null;
  isLow = false;
  readonly #options: FreeSpaceOptions;
  readonly #read: () => Room;

  /** If `read` throws because the system does not report the space, {@link isLow} does not change. */
  constructor(options: FreeSpaceOptions, read: () => Room) {
    this.#options = options;
    this.#read = read;
  }

  /** Reads the free space; returns true if {@link isLow} changed. */
  check(): boolean {
    try {
      this.room = this.#read();
    } catch {
      // The folder may be gone; then commits fail and report it.
      this.room = null;
      return false;
    }
    const { freeBytes, sizeBytes } = this.room;
    const share = sizeBytes > 0 ? freeBytes / sizeBytes : 1;
    const wasLow = this.isLow;
    this.isLow = share < (wasLow ? this.#options.enoughShare : this.#options.lowShare);
    return this.isLow !== wasLow;
  }

  /** One sentence for the log and `/readyz`; `path` is that of the database; `resumes` says what goes on then. */
  explain(path: string, resumes = 'reading goes on'): string {
    const { freeBytes = 0, sizeBytes = 0 } = this.room ?? {};
    const percent = (share: number) => `${Math.floor(share * 1000) / 10} %`;
    const megabytes = Math.floor(freeBytes / 1e6);
    return `the file system of ${path} has ${percent(freeBytes / Math.max(1, sizeBytes))} free (${megabytes} MB), below ${percent(this.#options.lowShare)}: make room on ${dirname(path)}; ${resumes} at ${percent(this.#options.enoughShare)}`;
  }
}

/** The space on the file system that holds the database at `path`. Throws the system's error. */
export function roomBeside(path: string): Room {
  const { bavail, blocks, bsize } = statfsSync(dirname(path));
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

/** The disk under the database at `path`. */
export function diskBeside(path: string): Disk {
  return { room: () => roomBeside(path), sizeBytes: () => sizeOf(path) + sizeOf(`${path}-wal`) };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
