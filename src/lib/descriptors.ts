// Whether the process can open one more file, or as many as a start needs. A connection that finds no descriptor is closed
// by the runtime without a word, so it is tried, once a second; opening `/dev/null` takes microseconds. It keeps none open.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { CodedError } from './errors.ts';
import { errorCode } from './error-code.ts';

/** Files that a command on the database needs: two databases with their logs, and a connection. */
export const COMMAND_DESCRIPTORS = 16;

const LOOK_MS = 1000;
const RAISE_OWN = 'raise the limit (ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit)';
const RAISE_MACHINE = 'end what holds them, or raise fs.file-max';

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
    return `no file descriptor is left (EMFILE, limit ${limit}): ${effect}; ${RAISE_OWN} and start again`;
  }
  if (code === 'ENFILE') {
    return `the machine has no file descriptor left (ENFILE): ${effect}; ${RAISE_MACHINE}`;
  }
  return null;
}

/**
 * Makes sure that `needed` more files can be opened, before the first of them is: later, SQLite, a thread and a child each
 * report the shortage in another way. Throws `too_few_descriptors`.
 */
export function requireDescriptors(needed: number): void {
  const limit = readLimit();
  const opened: number[] = [];
  let error: unknown;
  try {
    while (opened.length < needed) opened.push(openSync(devNull, 'r'));
  } catch (thrown) {
    error = thrown;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
  const code = errorCode(error);
  if (code === 'EMFILE' || code === 'ENFILE') {
    throw shortage(code, `only ${opened.length} more files can be opened, and ${needed} are needed`, limit);
  }
}

/** The error for an attempt to open a file that found no descriptor; null if it failed for another reason. */
export function shortageOf(error: unknown): CodedError | null {
  const code = errorCode(error);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return shortage(code, 'a file could not be opened', readLimit(), error);
  }
  return null;
}

function shortage(code: 'EMFILE' | 'ENFILE', what: string, limit: string, cause?: unknown): CodedError {
  const sentence =
    code === 'EMFILE'
      ? `Too few file descriptors: ${what} (EMFILE, limit ${limit}); ${RAISE_OWN} and start again.`
      : `The machine has too few file descriptors: ${what} (ENFILE); ${RAISE_MACHINE}.`;
  return new CodedError('too_few_descriptors', sentence, { cause });
}

function tryToOpen(): string | null {
  try {
    closeSync(openSync(devNull, 'r'));
    return null;
  } catch (error) {
    return errorCode(error);
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
