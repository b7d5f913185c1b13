// Checks whether the process can open one more file, or as many as a start needs. The runtime silently closes a
// connection for which it finds no descriptor. The watch therefore opens `/dev/null` once a second, which takes
// microseconds. It keeps no file open.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { CodedError } from './errors.ts';
import { errorCode } from './error-code.ts';
import type { Part } from './part.ts';

/** Number of files that a command on the database opens: two databases with their logs, and a connection. */
export const COMMAND_DESCRIPTORS = 16;

const LOOK_MS = 1000;
/** What an operator does about a limit of open files that is too low for the process. */
export const RAISE_OWN_LIMIT = 'raise the limit (ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit)';
const RAISE_MACHINE = 'end the processes that hold them, or raise fs.file-max';

/** What a {@link DescriptorWatch} tells its owner. */
export interface DescriptorParts {
  /**
   * No descriptor is left; the sentence gives the reason and the remedy. Called once per shortage, and again only after
   * `freed`.
   */
  exhausted(sentence: string): void;
  /** A descriptor can be opened again. */
  freed(): void;
}

/** Checks once a second from `start` to `stop`. */
export class DescriptorWatch implements Part {
  readonly #limit = readLimit();
  readonly #parts: DescriptorParts;
  #timer: NodeJS.Timeout | null = null;
  #problem: string | null = null;
  #seconds = 0;

  constructor(parts: DescriptorParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Why no file can be opened now, with the remedy; null while one can be. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Number of checks that found no descriptor, which is about the number of seconds. */
  get seconds(): number {
    return this.#seconds;
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
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

/**
 * The sentence for the error code of an attempt to open a file; null if the code does not mean a shortage of
 * descriptors.
 */
export function describeShortage(code: string | null, limit: string): string | null {
  const effect = 'the program closes new connections, and cannot open files or start threads and programs';
  if (code === 'EMFILE') {
    return `no file descriptor is left (EMFILE, limit ${limit}): ${effect}; ${RAISE_OWN_LIMIT} and start again`;
  }
  if (code === 'ENFILE') {
    return `the machine has no file descriptor left (ENFILE): ${effect}; ${RAISE_MACHINE}`;
  }
  return null;
}

/** Makes a watch that tells the log. */
export function watchDescriptors(log: {
  error(sentence: string): void;
  info(sentence: string): void;
}): DescriptorWatch {
  return new DescriptorWatch({
    exhausted: (sentence) => log.error(`process: ${sentence}`),
    freed: () => log.info('process: file descriptors are free again'),
  });
}

/**
 * Checks that `needed` more files can be opened, before any of them is. If the shortage appeared later, SQLite, a
 * thread and a child process would each report it in another way. Throws `too_few_descriptors`.
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

/**
 * The `too_few_descriptors` error for an attempt to open a file that failed for lack of a descriptor; null if it failed
 * for another reason.
 */
export function shortageOf(error: unknown): CodedError | null {
  const code = errorCode(error);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return shortage(code, 'the program could not open a file', readLimit(), error);
  }
  return null;
}

function shortage(code: 'EMFILE' | 'ENFILE', what: string, limit: string, cause?: unknown): CodedError {
  const sentence =
    code === 'EMFILE'
      ? `Too few file descriptors: ${what} (EMFILE, limit ${limit}); ${RAISE_OWN_LIMIT} and start again.`
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

/** How many files this process may have open; null if there is no limit, or none that the system tells. */
export function openFilesMax(): number | null {
  const limit = Number(readLimit());
  return Number.isInteger(limit) ? limit : null;
}

/** The limit of open files. The watch reads it at its construction, while a descriptor is free to read it with. */
function readLimit(): string {
  try {
    return /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
