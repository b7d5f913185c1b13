// Finds out which log a file is: by its first content, and by the content before a place. It knows no position.

import type { FileHandle } from 'node:fs/promises';
import { bareText, headOf } from '../domain/log-text.ts';
import type { LogTime } from '../domain/log-time.ts';
import { BEFORE_BYTES_MAX } from './entry-splitter.ts';
import { bytesAt, CHUNK_BYTES_MAX, hashOf } from './file-content.ts';
import { GzipContent, isGzip } from './gzip-content.ts';

/** Bytes of content whose hash is a log's identity; a log with less has none. */
export const IDENTITY_BYTES = 1_024;
/** Length of the end of a gzip file that holds the checksum of its content. */
const GZIP_TRAILER_BYTES = 8;

/** What the beginning of a file says. */
export interface LogBeginning {
  /** SHA-256 of the first 1,024 bytes of content in hex; null if there are fewer. */
  readonly identity: string | null;
  /** Length and trailer of a gzip file: another version of it has others. Null for other files. */
  readonly gzipVersion: string | null;
  /** The time of the first entry in the beginning, in ms since the epoch; null without one. */
  readonly firstEntryMs: number | null;
}

/** What is known of a file before it is read. */
export const NO_BEGINNING: LogBeginning = { identity: null, gzipVersion: null, firstEntryMs: null };

/** Reads the beginning of a file of `size` bytes. Rejects with the system's error. */
export async function readBeginning(file: FileHandle, size: number, time: LogTime): Promise<LogBeginning> {
  const head = await bytesAt(file, 0, IDENTITY_BYTES);
  if (!isGzip(head)) return { ...describeHead(head, time), gzipVersion: null };
  const content = new GzipContent(file, { chunkBytes: IDENTITY_BYTES, contentBytesMax: IDENTITY_BYTES });
  try {
    const decompressed = (await content.read()) ?? Buffer.alloc(0);
    const trailer = await bytesAt(file, Math.max(0, size - GZIP_TRAILER_BYTES), GZIP_TRAILER_BYTES);
    return { ...describeHead(decompressed, time), gzipVersion: `${size} ${trailer.toString('hex')}` };
  } finally {
    content.close();
  }
}

function describeHead(head: Buffer, time: LogTime): Omit<LogBeginning, 'gzipVersion'> {
  return {
    identity: head.length < IDENTITY_BYTES ? null : hashOf(head),
    firstEntryMs: firstEntryMsOf(head, time),
  };
}

function firstEntryMsOf(head: Buffer, time: LogTime): number | null {
  for (const line of bareText(head.toString('utf8')).split('\n')) {
    const entry = headOf(line);
    if (entry !== null) return time.msOf(entry.time);
  }
  return null;
}

/** The bytes before a place in a file that is not compressed: those that its position has a hash of. */
export function bytesBefore(file: FileHandle, at: number): Promise<Buffer> {
  const length = Math.min(BEFORE_BYTES_MAX, at);
  return bytesAt(file, at - length, length);
}

/** True if two files, not compressed, hold the same up to a place. Rejects with the system's error. */
export async function beginAlike(a: FileHandle, b: FileHandle, upTo: number): Promise<boolean> {
  for (let at = 0; at < upTo; at += CHUNK_BYTES_MAX) {
    const length = Math.min(CHUNK_BYTES_MAX, upTo - at);
    const [one, other] = await Promise.all([bytesAt(a, at, length), bytesAt(b, at, length)]);
    if (one.length < length || !one.equals(other)) return false;
  }
  return true;
}
