// One reading of an event file through one descriptor, from its beginning or from a position, to its end or to damage.
// The node may rewrite, truncate or replace the file meanwhile: then the bytes before the place of reading decide whether
// reading goes on. Errors of the system are thrown to the caller.

import type { FileHandle } from 'node:fs/promises';
import { readRecord } from '../domain/event-record.ts';
import type { SourceFact, UnreadCounts, UnreadReason } from '../domain/source-facts.ts';
import { type EventPosition, KNOWN_BYTES, knownHash, placeOf } from './event-position.ts';
import { JsonScanner } from './json-scanner.ts';
import { bytesBetween, currentVersion, type FileVersion } from './open-version.ts';

/** Bytes of a file that one step reads. */
export const STEP_BYTES_MAX = 262_144;
/** Bytes before those of a step, which the caller's buffer holds too. */
export const STEP_BUFFER_BYTES = KNOWN_BYTES + STEP_BYTES_MAX;
/** Attempts at one step while the file changes. */
const STEP_ATTEMPTS_MAX = 3;

/**
 * How a step ended: records may have been read (`read`), the file has ended (`ended`), it is no JSON (`damaged`), other
 * content has taken its place (`replaced`), or it changes faster than it can be read (`busy`).
 */
export type StepEnd = 'read' | 'ended' | 'damaged' | 'replaced' | 'busy';

/** A step of reading. */
export interface PassStep {
  readonly end: StepEnd;
  readonly facts: readonly SourceFact[];
  readonly unread: UnreadCounts;
  readonly bytes: number;
}

/** One reading. */
export class EventPass {
  readonly #handle: FileHandle;
  readonly #scanner: JsonScanner;
  readonly #head: Buffer;
  #tail: Buffer;
  #readTo: number;
  #version: FileVersion;
  #position: EventPosition;
  #facts: SourceFact[] = [];
  #unread: Partial<Record<UnreadReason, number>> = {};

  private constructor(
    handle: FileHandle,
    version: FileVersion,
    position: EventPosition,
    head: Buffer,
    tail: Buffer,
  ) {
    this.#handle = handle;
    this.#version = version;
    this.#position = position;
    this.#readTo = position.offset;
    this.#head = Buffer.alloc(KNOWN_BYTES);
    head.copy(this.#head);
    this.#tail = tail;
    this.#scanner = new JsonScanner((record) => {
      const result = readRecord(record);
      if (typeof result === 'string') this.#unread[result] = (this.#unread[result] ?? 0) + 1;
      else this.#facts.push(result);
    }, placeOf(position));
  }

  /** `version` is that of the open file. Begins behind the position if the file holds the bytes that it knows; else, or if it is null, at the beginning. */
  static async begin(
    handle: FileHandle,
    version: FileVersion,
    position: EventPosition | null,
    nowMs: number,
  ): Promise<EventPass> {
    if (position !== null && position.offset > 0 && position.offset <= version.bytes) {
      const { offset } = position;
      const head = await bytesBetween(handle, 0, Math.min(KNOWN_BYTES, offset));
      const tail = await bytesBetween(handle, Math.max(0, offset - KNOWN_BYTES), offset);
      if (knownHash(head) === position.head && knownHash(tail) === position.tail) {
        return new EventPass(handle, version, { ...position, isContinued: true }, head, tail);
      }
    }
    const nothing = Buffer.alloc(0);
    const hash = knownHash(nothing);
    const start = {
      offset: 0,
      form: 'array',
      head: hash,
      tail: hash,
      wholeAtMs: nowMs,
      isContinued: false,
    } as const;
    return new EventPass(handle, version, start, nothing, nothing);
  }

  /** The place behind the last complete record. */
  get position(): EventPosition {
    return this.#position;
  }

  /** The version that was read. */
  get version(): FileVersion {
    return this.#version;
  }

  /** Bytes of the file before which everything was read. */
  get readTo(): number {
    return this.#readTo;
  }

  /** Where the file is damaged; else null. */
  get damagedAt(): number | null {
    return this.#scanner.damagedAt;
  }

  /** False at the end of the file if the document has not ended. */
  get isDone(): boolean {
    return this.#scanner.isDone;
  }

  /** Reads at most {@link STEP_BYTES_MAX} bytes. `buffer` has {@link STEP_BUFFER_BYTES}. */
  async step(buffer: Buffer): Promise<PassStep> {
    for (let attempt = 0; attempt < STEP_ATTEMPTS_MAX; attempt += 1) {
      const { bytesRead } = await this.#handle.read(buffer, KNOWN_BYTES, STEP_BYTES_MAX, this.#readTo);
      const version = await currentVersion(this.#handle);
      if (version.signature === this.#version.signature) {
        return bytesRead === 0 ? this.#stepOf('ended', 0) : this.#scan(buffer, bytesRead);
      }
      // These bytes may be of either version, so they are read again.
      this.#version = version;
      if (!(await this.#isWhereItWas())) return this.#stepOf('replaced', 0);
    }
    return this.#stepOf('busy', 0);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /**
   * The head may differ: a file whose first member changes with each rewriting would else never be read to its end. The
   * stored position carries the old head, so the next reading begins at the beginning.
   */
  async #isWhereItWas(): Promise<boolean> {
    const tail = await bytesBetween(this.#handle, this.#readTo - this.#tail.length, this.#readTo);
    return tail.equals(this.#tail);
  }

  #scan(buffer: Buffer, bytes: number): PassStep {
    const start = KNOWN_BYTES - this.#tail.length;
    this.#tail.copy(buffer, start);
    const end = KNOWN_BYTES + bytes;
    if (this.#readTo < KNOWN_BYTES) buffer.copy(this.#head, this.#readTo, KNOWN_BYTES, end);
    this.#scanner.push(buffer, KNOWN_BYTES, end);
    this.#move(buffer, start);
    this.#readTo += bytes;
    this.#tail = Buffer.from(buffer.subarray(Math.max(start, end - KNOWN_BYTES), end));
    return this.#stepOf(this.#scanner.damagedAt === null ? 'read' : 'damaged', bytes);
  }

  /** Sets the position behind the last record of the bytes just scanned. */
  #move(buffer: Buffer, start: number): void {
    const place = this.#scanner.place;
    if (place === null || place.offset === this.#position.offset) return;
    const at = KNOWN_BYTES + place.offset - this.#readTo;
    const { wholeAtMs, isContinued } = this.#position;
    this.#position = {
      ...place,
      head: knownHash(this.#head.subarray(0, place.offset)),
      tail: knownHash(buffer.subarray(Math.max(start, at - KNOWN_BYTES), at)),
      wholeAtMs,
      isContinued,
    };
  }

  #stepOf(end: StepEnd, bytes: number): PassStep {
    const step = { end, facts: this.#facts, unread: this.#unread, bytes };
    this.#facts = [];
    this.#unread = {};
    return step;
  }
}
