// The file of the log: rotated by size, opened again when a file or a folder has come back. It never throws and never
// delays the program; it counts the lines that it cannot write, and says so when it can write again.

import { constants, existsSync, fstatSync, ftruncateSync, openSync, renameSync, rmSync } from 'node:fs';
import { systemClock } from '../lib/clock.ts';
import { errorCode } from '../lib/error-code.ts';
import { type LineLoss, LineOutput } from '../lib/line-output.ts';

/** Amount of log text that waits for a slow disk; more is dropped. */
export const LOG_FILE_BACKLOG_BYTES_MAX = 4_194_304;

/** Where the file is, and how much it may hold. */
export interface LogFilePlace {
  readonly path: string;
  /** Size at which the file is rotated. A single longer line is still written. */
  readonly sizeBytes: number;
  /** Number of files, the current one included: `log`, `log.1` (the newest of the others), `log.2` and so on. */
  readonly files: number;
}

/** Who is told what happened; each should write one line to the log. */
export interface LogFileEvents {
  /** Lines can be written again, after so many were lost because of the error code `problem`. */
  lost(lines: number, problem: string): void;
  /** The files could not be renamed, and the current one was emptied so that it does not outgrow its limit. */
  emptied(problem: string): void;
}

/** Shortest time between two attempts to open a file that cannot be opened. */
const OPEN_RETRY_MS = 1_000;

/** Makes no file before it has a place. */
export class LogFile {
  readonly #events: LogFileEvents;
  #place: LogFilePlace | null = null;
  #output: LineOutput | null = null;
  /** The open file; null while there is none. */
  #descriptor: number | null = null;
  /** False for what is no file, as a pipe. */
  #isRotated = false;
  /** The size of the file if every line given to it is written. */
  #sizeBytes = 0;
  #nextAttemptMs = 0;
  /** Lines lost while no file was open. */
  #lost = 0;
  #untold = 0;
  /** Why no file is open. */
  #problem: string | null = null;

  constructor(events: LogFileEvents) {
    this.#events = events;
  }

  /** The lines that no file has, and why the present one cannot be written. */
  get loss(): LineLoss {
    const { lines, problem } = this.#output?.loss ?? { lines: 0, problem: null };
    return { lines: lines + this.#lost, problem: this.#problem ?? (this.#place === null ? null : problem) };
  }

  /** Writes to another file from now on, or to none. The same place opens the file again. */
  place(place: LogFilePlace | null): void {
    this.#place = place;
    this.#problem = null;
    this.#descriptor = null;
    if (place === null) return;
    this.#open(place);
    this.#removeBeyond(place);
  }

  /** Writes the line now or soon, or counts it as lost. The text must end with a line feed. */
  write(line: string): void {
    const place = this.#place;
    if (place === null) return;
    if (this.#descriptor === null && systemClock.monotonicMs() >= this.#nextAttemptMs) this.#open(place);
    if (this.#descriptor === null || this.#output === null) {
      this.#lost += 1;
      this.#untold += 1;
      return;
    }
    const length = Buffer.byteLength(line);
    if (this.#isRotated && this.#sizeBytes > 0 && this.#sizeBytes + length > place.sizeBytes) {
      this.#rotate(place, this.#descriptor, length);
    }
    this.#sizeBytes += length;
    this.#output?.write(line);
  }

  #open(place: LogFilePlace): void {
    this.#nextAttemptMs = systemClock.monotonicMs() + OPEN_RETRY_MS;
    const problem = this.#problem ?? 'unknown';
    try {
      // A pipe without a reader would hold up the program. Lines may name addresses of clients, so only this user reads them.
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
      const descriptor = openSync(place.path, flags, 0o600);
      const { size, isFile } = sizeOf(descriptor);
      this.#descriptor = descriptor;
      this.#sizeBytes = size;
      this.#isRotated = isFile;
      this.#problem = null;
      if (this.#output === null) this.#output = this.#outputTo(descriptor);
      else this.#output.redirect(descriptor);
    } catch (error) {
      this.#descriptor = null;
      this.#problem = errorCode(error) ?? 'unknown';
      return;
    }
    const lines = this.#untold;
    this.#untold = 0;
    if (lines > 0) this.#events.lost(lines, problem);
  }

  #outputTo(descriptor: number): LineOutput {
    return new LineOutput({
      descriptor,
      backlogBytesMax: LOG_FILE_BACKLOG_BYTES_MAX,
      tell: (lines, problem) => this.#events.lost(lines, problem),
    });
  }

  /** Begins a new file if the current one would be too long with `more` bytes. */
  #rotate(place: LogFilePlace, descriptor: number, more: number): void {
    try {
      // Lost lines do not fill a file.
      this.#sizeBytes = sizeOf(descriptor).size + (this.#output?.waitingBytes ?? 0);
      if (this.#sizeBytes === 0 || this.#sizeBytes + more <= place.sizeBytes) return;
      if (place.files === 1) ftruncateSync(descriptor, 0);
      else renameChain(place);
    } catch (error) {
      this.#empty(descriptor, errorCode(error) ?? 'unknown');
      return;
    }
    if (place.files === 1) this.#sizeBytes = 0;
    else this.#open(place);
  }

  #empty(descriptor: number, problem: string): void {
    try {
      ftruncateSync(descriptor, 0);
    } catch {
      // The file system is read-only now: nothing is written either.
      return;
    }
    this.#sizeBytes = 0;
    this.#events.emptied(problem);
  }

  /** Removes files that a higher number of files left behind. */
  #removeBeyond({ path, files }: LogFilePlace): void {
    try {
      for (let index = files; existsSync(`${path}.${index}`); index++) rmSync(`${path}.${index}`);
    } catch {
      // Owned by another user: they stay.
    }
  }
}

function sizeOf(descriptor: number): { readonly size: number; readonly isFile: boolean } {
  const file = fstatSync(descriptor);
  return { size: file.size, isFile: file.isFile() };
}

/** Makes room for a new current file; the oldest one goes. Errors: those of the system. */
function renameChain({ path, files }: LogFilePlace): void {
  const names = [path, ...Array.from({ length: files - 1 }, (_, index) => `${path}.${index + 1}`)];
  for (let index = files - 2; index >= 0; index--) {
    const [from = '', to = ''] = names.slice(index, index + 2);
    if (existsSync(from)) renameSync(from, to);
  }
}
