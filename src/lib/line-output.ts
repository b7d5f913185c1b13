// Lines to a file descriptor that may be full, closed, or read by somebody slow. It never throws, never holds up the
// event loop or the end of the process, and counts every line that it could not write.

import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Fifo } from './fifo.ts';
import { systemClock } from './clock.ts';
import { errorCode } from './error-code.ts';

/** Lines that were never written, and why lines cannot be written now: an error's code, or null while they can. */
export interface LineLoss {
  readonly lines: number;
  readonly problem: string | null;
}

export interface LineOutputOptions {
  readonly descriptor: number;
  /** Text that may wait for a slow reader; lines beyond it are dropped. */
  readonly backlogBytesMax: number;
  /** Called when lines can be written again: writes one line that says how many are missing. */
  tell(lines: number, problem: string): void;
}

interface Line {
  readonly bytes: Buffer;
  written: number;
  /** Set on the line that tells of so many dropped ones. */
  readonly tellsLines: number;
}

/** Between two attempts at a reader that is slow. */
const SLOW_RETRY_MS = 20;
/** Between two attempts at a descriptor that cannot be written, when no line comes by itself. */
const FAILED_RETRY_MS = 1000;
/** Longest that the end of the process waits for a slow reader. */
const EXIT_PATIENCE_MS = 250;
const SLOW = 'EAGAIN';

/** One writer of one descriptor; lines that still wait when the process exits are written then, if that is quick. */
export class LineOutput {
  readonly #options: LineOutputOptions;
  readonly #target: Target;
  readonly #queue = new Fifo<Line>();
  #queuedBytes = 0;
  /** A write is under way, or the reader is given a moment. */
  #isBusy = false;
  #isTellingSoon = false;
  /** A line was cut: the next begins with a line feed. */
  #isCut = false;
  #dropped = 0;
  #untold = 0;
  #tellsLines = 0;
  #problem: string | null = null;
  #lastProblem = SLOW;

  constructor(options: LineOutputOptions) {
    this.#options = options;
    this.#target = targetOf(options.descriptor);
    process.once('exit', () => this.#writeRest());
  }

  /** What is lost so far. */
  get loss(): LineLoss {
    return { lines: this.#dropped, problem: this.#problem };
  }

  /** Writes the line, now or soon; it ends with a line feed. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    const line: Line = { bytes, written: 0, tellsLines: this.#tellsLines };
    if (this.#queuedBytes + bytes.length > this.#options.backlogBytesMax) {
      this.#drop(line, SLOW);
      return;
    }
    this.#queue.push(line);
    this.#queuedBytes += bytes.length;
    this.#writeNext();
  }

  #writeNext(): void {
    while (!this.#isBusy) {
      const line = this.#queue.peek();
      if (line === undefined) return;
      const rest = this.#restOf(line);
      if (this.#target.isNonBlocking) {
        try {
          this.#wrote(line, writeSync(this.#target.descriptor, rest));
        } catch (error) {
          this.#failed(line, errorCode(error) ?? 'unknown');
        }
      } else {
        this.#isBusy = true;
        write(this.#target.descriptor, rest, (error, bytes) => {
          this.#isBusy = false;
          if (error === null) this.#wrote(line, bytes);
          else this.#failed(line, errorCode(error) ?? 'unknown');
          this.#writeNext();
        });
      }
    }
  }

  #restOf(line: Line): Buffer {
    const rest = line.bytes.subarray(line.written);
    return this.#isCut ? Buffer.concat([LINE_FEED, rest]) : rest;
  }

  #wrote(line: Line, bytes: number): void {
    this.#advance(line, bytes);
    if (line.written < line.bytes.length) return;
    this.#remove(line);
    this.#problem = null;
    if (this.#queue.peek() === undefined) this.#tell();
  }

  #advance(line: Line, bytes: number): void {
    line.written += this.#isCut ? bytes - 1 : bytes;
    this.#isCut = false;
  }

  #failed(line: Line, code: string): void {
    if (code === SLOW) {
      this.#isBusy = true;
      setTimeout(() => {
        this.#isBusy = false;
        this.#writeNext();
      }, SLOW_RETRY_MS);
      return;
    }
    this.#isCut ||= line.written > 0;
    this.#remove(line);
    this.#drop(line, code);
    // Nothing else may come for hours, and the missing lines are to be told as soon as they can be.
    if (this.#isTellingSoon) return;
    this.#isTellingSoon = true;
    setTimeout(() => {
      this.#isTellingSoon = false;
      this.#tell();
    }, FAILED_RETRY_MS).unref();
  }

  #remove(line: Line): void {
    this.#queue.shift();
    this.#queuedBytes -= line.bytes.length;
  }

  #drop(line: Line, code: string): void {
    if (line.tellsLines === 0) this.#dropped += 1;
    this.#untold += line.tellsLines === 0 ? 1 : line.tellsLines;
    this.#problem = code;
    this.#lastProblem = code;
  }

  #tell(): void {
    this.#tellsLines = this.#untold;
    this.#untold = 0;
    if (this.#tellsLines > 0) this.#options.tell(this.#tellsLines, this.#lastProblem);
    this.#tellsLines = 0;
  }

  /** At the exit there is no event loop: what is not written in a moment is lost. A write under way ends by itself. */
  #writeRest(): void {
    if (this.#isBusy && !this.#target.isNonBlocking) this.#queue.shift();
    const deadlineMs = systemClock.monotonicMs() + EXIT_PATIENCE_MS;
    for (let line = this.#queue.shift(); line !== undefined; line = this.#queue.shift()) {
      while (line.written < line.bytes.length) {
        try {
          this.#advance(line, writeSync(this.#target.descriptor, this.#restOf(line)));
        } catch (error) {
          if (errorCode(error) !== SLOW || systemClock.monotonicMs() > deadlineMs) return;
          Atomics.wait(NEVER, 0, 0, SLOW_RETRY_MS);
        }
      }
    }
  }
}

const LINE_FEED = Buffer.from('\n');
const NEVER = new Int32Array(new SharedArrayBuffer(4));

interface Target {
  readonly descriptor: number;
  /** A write that would wait fails at once. Otherwise it is made in another thread. */
  readonly isNonBlocking: boolean;
}

/**
 * A write that waits in another thread would keep the process from ending. So what can make a writer wait is written
 * without waiting: a pipe or socket is made so by the runtime's own stream for it (and given back at the exit), a
 * terminal, which other programs share, is opened once more.
 */
function targetOf(descriptor: number): Target {
  try {
    const kind = fstatSync(descriptor);
    if ((kind.isFIFO() || kind.isSocket()) && descriptor === process.stdout.fd) {
      return { descriptor, isNonBlocking: true };
    }
    if (kind.isCharacterDevice()) {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      const again = openSync(`/proc/self/fd/${descriptor}`, flags);
      return { descriptor: again, isNonBlocking: true };
    }
  } catch {
    // Not on this system, or not with our rights: the write is made in another thread.
  }
  return { descriptor, isNonBlocking: false };
}
