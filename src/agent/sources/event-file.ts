// One event file: when it is to be read, from where, and what its state is. It keeps the path to itself.

import { errorCode } from '../../lib/error-code.ts';
import type { ReadStep, SourceFile } from '../domain/source-facts.ts';
import { EventPass, type PassStep } from './event-pass.ts';
import { decodePosition, type EventPosition, encodePosition } from './event-position.ts';
import { redactedName } from './file-name.ts';
import { currentVersion, type FileVersion, openForReading } from './open-version.ts';

/**
 * Looks for which a file that is shorter than its position is left alone. The node is usually about to write it whole, and
 * a reading from the beginning would be in vain.
 */
const SHORT_LOOKS = 1;

/** A problem that begins: `offset` is null if the file cannot be read. */
export type FileProblem = (problem: 'damaged' | 'unreadable', offset: number | null) => void;

/** What a step of a file adds to the reader's own. */
export type FileStep = Omit<ReadStep, 'dropped'>;

/** One path that the globs name. Its methods are called one after another. */
export class EventFile {
  readonly path: string;
  /** The key of its stored position. */
  readonly key: string;
  readonly #rescanIntervalMs: number;
  readonly #onProblem: FileProblem;

  /** As of the last look. */
  #version: FileVersion;
  /** The version that was read as far as it can be; null if there is none. */
  #readSignature: string | null = null;
  #pass: EventPass | null = null;
  #stored: EventPosition | null;
  /** Where the steps stand that were handed out, stored or not. */
  #reached: EventPosition | null;
  #isWholeWanted = false;
  #isStale = false;
  /** Nothing is tried again before the next look. */
  #isResting = false;
  /** Attempts in a row that found the file shorter than the position. */
  #shortLooks = 0;
  #state: SourceFile['state'] = 'reading';
  #offset: number | null = null;
  #readTo: number;

  /** `stored`: the state of its stored position, if there is one. */
  constructor(
    {
      path,
      key,
      stored,
    }: { readonly path: string; readonly key: string; readonly stored: string | undefined },
    version: FileVersion,
    options: { readonly rescanIntervalMs: number; readonly onProblem: FileProblem },
  ) {
    this.path = path;
    this.key = key;
    this.#version = version;
    this.#rescanIntervalMs = options.rescanIntervalMs;
    this.#onProblem = options.onProblem;
    this.#stored = stored === undefined ? null : decodePosition(stored);
    this.#reached = this.#stored;
    this.#readTo = this.#stored?.offset ?? 0;
  }

  /** When it was written last, by the last look, in ms since the epoch. */
  get modifiedAtMs(): number {
    return this.#version.modifiedAtMs;
  }

  /** True if there may be something to read. */
  get isWaiting(): boolean {
    return (
      !this.#isResting && (this.#pass !== null || this.#isStale || this.#isChanged || this.#isWholeWanted)
    );
  }

  /** True while a reading is under way. */
  get isOpen(): boolean {
    return this.#pass !== null;
  }

  /** The state of the position that was stored last; null if none was. */
  get storedState(): string | null {
    return this.#stored === null ? null : encodePosition(this.#stored);
  }

  /** A look found this version. */
  look(version: FileVersion, nowMs: number): void {
    this.#version = version;
    this.#isResting = false;
    if (this.#pass !== null || this.#reached === null) return;
    const { wholeAtMs, isContinued } = this.#reached;
    // A clock that was set back must not put the next whole reading off for years.
    const isDue = nowMs - wholeAtMs >= this.#rescanIntervalMs || nowMs < wholeAtMs;
    this.#isWholeWanted = isDue && (isContinued || this.#isChanged);
  }

  /** The next step; null if everything that is complete was read, or if the next look has to be waited for. */
  async next(buffer: Buffer, nowMs: number): Promise<FileStep | null> {
    try {
      if (this.#isStale) await this.#endPass();
      this.#isStale = false;
      while (this.isWaiting) {
        this.#pass ??= await this.#begin(nowMs);
        if (this.#pass === null) break;
        const step = await this.#pass.step(buffer);
        await this.#settle(this.#pass, step);
        if (step.bytes > 0) return this.#stepOf(step);
      }
    } catch (error) {
      await this.#fail(error);
    }
    return null;
  }

  /** The step with this position is stored. */
  stored(state: string): void {
    this.#stored = decodePosition(state);
  }

  /** Reading goes back to the stored position. */
  forgotten(): void {
    if (this.#reached?.offset === this.#stored?.offset && this.#reached?.tail === this.#stored?.tail) return;
    this.#reached = this.#stored;
    this.#readTo = this.#stored?.offset ?? 0;
    this.#readSignature = null;
    this.#isStale = true;
  }

  /** The state for a status. */
  shown(): SourceFile {
    const bytes = this.#version.bytes;
    return {
      source: 'events',
      name: redactedName(this.path),
      state: this.#state,
      bytes,
      bytesBehind: Math.max(0, bytes - this.#readTo),
      offset: this.#state === 'damaged' ? this.#offset : null,
    };
  }

  async close(): Promise<void> {
    this.#isResting = true;
    await this.#endPass();
  }

  get #isChanged(): boolean {
    return this.#version.signature !== this.#readSignature;
  }

  /** Null if the file has to be left alone until the next look. */
  async #begin(nowMs: number): Promise<EventPass | null> {
    if (!this.#version.isFile) throw new NotAFileError();
    const handle = await openForReading(this.path);
    try {
      const version = await currentVersion(handle);
      if (!version.isFile) throw new NotAFileError();
      const position = this.#isWholeWanted ? null : this.#reached;
      if (position !== null && version.bytes < position.offset && this.#shortLooks < SHORT_LOOKS) {
        await handle.close();
        this.#shortLooks += 1;
        this.#isResting = true;
        this.#state = 'incomplete';
        return null;
      }
      const pass = await EventPass.begin(handle, version, position, nowMs);
      this.#shortLooks = 0;
      this.#state = 'reading';
      this.#readTo = pass.readTo;
      return pass;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #settle(pass: EventPass, { end }: PassStep): Promise<void> {
    this.#reached = pass.position;
    this.#readTo = pass.readTo;
    if (end === 'read') return;
    if (end === 'busy') {
      this.#isResting = true;
      return;
    }
    await this.#endPass();
    if (end === 'replaced') return;
    this.#readSignature = pass.version.signature;
    // What was looked at may be older than what was read; the next look compares again.
    this.#version = pass.version;
    this.#isWholeWanted = false;
    if (end === 'damaged') {
      this.#damage(pass.damagedAt);
      return;
    }
    this.#state = pass.isDone ? 'read' : 'incomplete';
    this.#offset = null;
  }

  #damage(offset: number | null): void {
    const isNew = this.#offset !== offset;
    this.#state = 'damaged';
    this.#offset = offset;
    this.#readTo = offset ?? this.#readTo;
    if (isNew) this.#onProblem('damaged', offset);
  }

  async #fail(error: unknown): Promise<void> {
    await this.#endPass();
    this.#isResting = true;
    this.#readSignature = null;
    // It vanished between the look and now; the next look sees that.
    if (errorCode(error) === 'ENOENT') return;
    const isNew = this.#state !== 'unreadable';
    this.#state = 'unreadable';
    if (isNew) this.#onProblem('unreadable', null);
  }

  async #endPass(): Promise<void> {
    const pass = this.#pass;
    this.#pass = null;
    await pass?.close().catch(() => {});
  }

  #stepOf({ facts, unread, bytes }: PassStep): FileStep {
    const state = this.#reached === null ? '{}' : encodePosition(this.#reached);
    return { source: 'events', facts, unread, bytes, position: { source: 'events', key: this.key, state } };
  }
}

class NotAFileError extends Error {}
