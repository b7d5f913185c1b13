// What looks at the folders showed of one file: its name, its numbers, and for how long it has been silent. It opens
// nothing.

import type { Stats } from 'node:fs';
import { redactedName } from './file-name.ts';

/** A file that has not changed for so long is at its end: what is there is all of it. */
export const QUIET_MS = 60_000;
/** A file whose time of change is older when it is found is not being written just now. */
const SETTLED_MS = 2_000;

/** A file as the looks show it. */
export class WatchedFile {
  #path: string | null;
  #name: string;
  #stats: Stats;
  #changedAtMs: number;
  /** When the folders showed it last. */
  #shownAtMs: number;
  #isQuiet: boolean;

  constructor(path: string, stats: Stats, nowMs: number) {
    this.#path = path;
    this.#name = redactedName(path);
    this.#stats = stats;
    this.#changedAtMs = Math.min(stats.mtimeMs, nowMs);
    this.#shownAtMs = nowMs;
    this.#isQuiet = nowMs - stats.mtimeMs >= SETTLED_MS;
  }

  /** Null once no folder shows the file any more. */
  get path(): string | null {
    return this.#path;
  }

  /** For a person: without folders, addresses replaced. */
  get name(): string {
    return this.#name;
  }

  get stats(): Stats {
    return this.#stats;
  }

  /** True if it did not change between the last two looks. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Takes what a look showed; `path` is null if no folder has the file. True if it has changed. */
  update(stats: Stats, path: string | null, nowMs: number): boolean {
    const isChanged = stats.size !== this.#stats.size || stats.mtimeMs !== this.#stats.mtimeMs;
    if (path !== null) {
      this.#name = redactedName(path);
      this.#shownAtMs = nowMs;
    }
    this.#path = path;
    this.#stats = stats;
    this.#isQuiet = !isChanged;
    if (isChanged) this.#changedAtMs = nowMs;
    return isChanged;
  }

  /** True if it has not changed for {@link QUIET_MS}. */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#changedAtMs >= QUIET_MS;
  }

  /** True if no folder has shown it for {@link QUIET_MS} either. */
  isAbandoned(nowMs: number): boolean {
    return this.#path === null && this.isSilent(nowMs) && nowMs - this.#shownAtMs >= QUIET_MS;
  }
}
