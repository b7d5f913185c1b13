// Writes lines to a file descriptor that may be full, closed, or read by a slow reader. It never throws, never delays
// the event loop or the end of the process, and counts every line that it could not write.

import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Fifo } from './fifo.ts';
import { systemClock } from './clock.ts';
import { errorCode } from './error-code.ts';

/** How many lines were lost, and why lines cannot be written now: an error code, or null while they can be written. */
export interface LineLoss {
  readonly lines: number;
  readonly problem: string | null;
}

/** Where the lines go and how many may wait. */
export interface LineOutputOptions {
  readonly descriptor: number;
  /** Maximum number of bytes that wait for a slow reader; lines beyond it are dropped. */
  readonly backlogBytesMax: number;
  /**
   * Called when lines can be written again. It should write one line that reports the `lines` lost lines and the error
   * code `problem`.
   */
  tell(lines: number, problem: string): void;
}

interface Line {
  readonly bytes: Buffer;
  written: number;
  /** The number of dropped lines that this line reports; 0 for an ordinary line. */
  readonly tellsLines: number;
}

/** Wait between two attempts to write to a slow reader. */
const SLOW_RETRY_MS = 20;
/** Wait before reporting lost lines after a failed write, if no other line is written earlier. */
const FAILED_RETRY_MS = 1000;
/** Maximum time for which the end of the process waits for a slow reader. */
const EXIT_PATIENCE_MS = 250;
const SLOW = 'EAGAIN';

/**
 * The only writer of one descriptor. Lines that still wait when the process exits are written then, within a short time
 * limit.
 */
export class LineOutput {
  readonly #options: LineOutputOptions;
  #target: Target;
  /** Where the lines go when the write in progress has ended; null if they stay. */
  #nextDescriptor: number | null = null;
  readonly #queue = new Fifo<Line>();
  #queuedBytes = 0;
  /** A write is in progress, or the output waits before it tries a slow reader again. */
  #isBusy = false;
  #isTellingSoon = false;
  /** A failed write left a partial line: the next line begins with a line feed. */
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

  /** The lost lines since the construction, and the present problem. */
  get loss(): LineLoss {
    return { lines: this.#dropped, problem: this.#problem };
  }

  /** Bytes that are not written yet. */
  get waitingBytes(): number {
    return this.#queuedBytes;
  }

  /** Writes the line now or soon, or drops it if too many bytes wait. The text must end with a line feed. */
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

  /**
   * Sends the waiting lines and all later ones to another descriptor, as soon as no write is in progress, and closes
   * the one before. Only for descriptors that the caller has opened.
   */
  redirect(descriptor: number): void {
    if (this.#nextDescriptor !== null) close(this.#nextDescriptor);
    this.#nextDescriptor = descriptor;
    this.#writeNext();
  }

  #turn(): void {
    if (this.#nextDescriptor === null) return;
    close(this.#target.descriptor);
    this.#target = targetOf(this.#nextDescriptor);
    this.#nextDescriptor = null;
    // The new target gets the whole line, of which the one before has a part.
    const line = this.#queue.peek();
    if (line !== undefined) line.written = 0;
    this.#isCut = false;
  }

  #writeNext(): void {
    while (!this.#isBusy) {
      this.#turn();
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
    // Without this timer the loss would be reported only with the next line, perhaps hours later.
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

  /**
   * Writes the waiting lines at the exit, where no event loop runs. Lines that cannot be written within the time limit
   * are lost. A write in progress in another thread ends by itself.
   */
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

function close(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // A network file system may report a late failure of an earlier write; nothing can be done about it.
  }
}

const LINE_FEED = Buffer.from('\n');
const NEVER = new Int32Array(new SharedArrayBuffer(4));

interface Target {
  readonly descriptor: number;
  /** True if a write that would block fails at once. Otherwise each write is made in another thread. */
  readonly isNonBlocking: boolean;
}

/**
 * A blocked write in another thread would keep the process from ending. Descriptors that can block are therefore
 * written without blocking. For a pipe or socket the runtime's own stream sets the non-blocking mode (and resets it at
 * the exit). A terminal is shared with other programs, so it is opened a second time.
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
    // This system or this user's rights do not allow it: writes are made in another thread.
  }
  return { descriptor, isNonBlocking: false };
}
