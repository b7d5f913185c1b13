// Whether the process can open one more file. A connection that finds no descriptor is closed by the runtime without a
// word, so it is tried, once a second; opening `/dev/null` takes microseconds. It never frees a descriptor.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';

const LOOK_MS = 1000;

export interface DescriptorParts {
  /** None is left: the sentence says why and what to do. Called once, until `freed`. */
  exhausted(sentence: string): void;
  freed(): void;
}

/** Looks from now on. */
export class DescriptorWatch {
  readonly #limit = readLimit();
  readonly #parts: DescriptorParts;
  readonly #timer: NodeJS.Timeout;
  #problem: string | null = null;
  #seconds = 0;

  constructor(parts: DescriptorParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Why no file can be opened now, and what to do; null while one can. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Looks that found none left, which is about seconds. */
  get seconds(): number {
    return this.#seconds;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const had = this.#problem;
    this.#problem = describeShortage(tryToOpen(), this.#limit);
    if (this.#problem === null) {
      if (had !== null) this.#parts.freed();
      return;
    }
    this.#seconds += 1;
    if (had === null) this.#parts.exhausted(this.#problem);
  }
}

/** The sentence for an error of opening a file; null for one that is about something else. */
export function describeShortage(code: string | null, limit: string): string | null {
  const effect = 'new connections are closed, and files, threads and programs cannot be opened';
  if (code === 'EMFILE') {
    return `no file descriptor is left (EMFILE, limit ${limit}): ${effect}; raise the limit (ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit) and start again`;
  }
  if (code === 'ENFILE') {
    return `the machine has no file descriptor left (ENFILE): ${effect}; end what holds them, or raise fs.file-max`;
  }
  return null;
}

function tryToOpen(): string | null {
  try {
    closeSync(openSync(devNull, 'r'));
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : null;
  }
}

/** Read while there is a descriptor to read it with. */
function readLimit(): string {
  try {
    return /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
