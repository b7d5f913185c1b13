// The stored position in an event file: behind which record reading stands, and by which bytes that place is known again
// in a file that has been rewritten. Stored as JSON with hashes only: it holds no path and no content.

import { createHash } from 'node:crypto';
import { isObject } from '../../lib/is-object.ts';
import type { DocumentForm, RecordPlace } from './json-scanner.ts';

/** Bytes at the beginning of a file, and before a position, whose hash a position carries. */
export const KNOWN_BYTES = 4_096;

/** A position behind a complete record. */
export interface EventPosition {
  /** Bytes from the beginning of the file; 0 if no record has been read. */
  readonly offset: number;
  readonly form: DocumentForm;
  /** SHA-256, in hex, of the file's first bytes: {@link KNOWN_BYTES}, or all before the position if it has fewer. */
  readonly head: string;
  /** SHA-256, in hex, of the bytes before the position: {@link KNOWN_BYTES}, or all if there are fewer. */
  readonly tail: string;
  /** When the last reading from the file's beginning began, in ms since the epoch. */
  readonly wholeAtMs: number;
  /** True if something was read since then without the bytes before it. */
  readonly isContinued: boolean;
}

/** The hash of bytes that make a place known again. */
export function knownHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The place that the scanner goes on from; null if reading begins at the beginning. */
export function placeOf({ offset, form }: EventPosition): RecordPlace | null {
  return offset === 0 ? null : { offset, form };
}

/** The position as it is stored. */
export function encodePosition(position: EventPosition): string {
  return JSON.stringify(position);
}

/** The position that was stored; null if the text is none, for example of an earlier version. */
export function decodePosition(text: string): EventPosition | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { offset, form, head, tail, wholeAtMs, isContinued } = value;
  if (!isOffset(offset) || !isOffset(wholeAtMs) || (form !== 'object' && form !== 'array')) return null;
  if (typeof head !== 'string' || typeof tail !== 'string' || typeof isContinued !== 'boolean') return null;
  return { offset, form, head, tail, wholeAtMs, isContinued };
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
