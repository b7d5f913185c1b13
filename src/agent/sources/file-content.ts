// The content of a file as a row of chunks, and how a place in it is recognized. It knows no format.

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Bytes that one step of reading takes from a file, uncompressed. */
export const CHUNK_BYTES_MAX = 262_144;

/**
 * What stands behind the bytes read so far: `open`, more may come; `ended`, nothing ever; `incomplete`, the file ends in
 * the middle of something; `damaged`, it cannot be read further.
 */
export type ContentEnd = 'open' | 'ended' | 'incomplete' | 'damaged' | 'too_long';

/** The content of a file, from one place to its end. */
export interface FileContent {
  /** The next bytes, valid until the next call; null at the end, of which `end` then tells. Rejects with the system's error. */
  read(): Promise<Buffer | null>;
  readonly end: ContentEnd;
  /** Lets go of what it holds, but not of the file. */
  close(): void;
}

/** Content that is not compressed. More may be read after its end, when the file has grown. */
export class PlainContent implements FileContent {
  readonly end = 'open';
  readonly #file: FileHandle;
  readonly #chunk: Buffer;
  #at: number;

  /** `chunk` is used for every read. */
  constructor(file: FileHandle, at: number, chunk: Buffer) {
    this.#file = file;
    this.#at = at;
    this.#chunk = chunk;
  }

  async read(): Promise<Buffer | null> {
    const { bytesRead } = await this.#file.read(this.#chunk, 0, this.#chunk.length, this.#at);
    this.#at += bytesRead;
    return bytesRead === 0 ? null : this.#chunk.subarray(0, bytesRead);
  }

  close(): void {
    // It holds nothing.
  }
}

/** The bytes of a file at a place: fewer than `length` at its end. Rejects with the system's error. */
export async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead);
}

/** SHA-256 in hex. */
export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
