// An append-only list of bytes, packed in blocks of 64 KiB, and its reader. A record never spans two blocks, so that the
// reader meets the end of a block only between records. It knows nothing of what the bytes mean.

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const FIRST_BYTES = 256;
const BLOCK_BYTES = 65_536;
/** Room for the compressor's result: a block that cannot be packed is a little longer than it was. */
const RESULT_BYTES = BLOCK_BYTES + 4_096;
/** What the engine keeps for a block beside its bytes, roughly. */
const BLOCK_OVERHEAD_BYTES = 240;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes in a memory of their own, which can be transferred to a thread. */
export type OwnBytes = Uint8Array<ArrayBuffer>;

/**
 * Writes records. The block that is being written begins small, so that a short list is small; a full one is packed,
 * which takes a third of a millisecond and saves a third of the memory.
 */
export class ByteWriter {
  #packed: OwnBytes[] = [];
  #block: OwnBytes = new Uint8Array(0);
  #at = 0;
  #packedBytes = 0;

  /** Memory that the list takes, in bytes; room that is not written yet counts. */
  get bytes(): number {
    return this.#packedBytes + this.#block.length;
  }

  /** Begins a record of at most this many bytes. */
  begin(recordBytesMax: number): void {
    let needed = this.#at + recordBytesMax;
    if (needed <= this.#block.length) return;
    if (needed > BLOCK_BYTES) {
      this.#pack();
      needed = recordBytesMax;
    }
    if (needed <= this.#block.length) return;
    const doubled = Math.min(BLOCK_BYTES, Math.max(FIRST_BYTES, 2 * this.#block.length));
    // The memory moves, and the old one is free at once.
    this.#block = new Uint8Array(this.#block.buffer.transfer(Math.max(needed, doubled)));
  }

  /** Writes a whole number from 0 to 255. */
  byte(value: number): void {
    this.#block[this.#at++] = value;
  }

  /** Writes a whole number from 0 to 2^53 − 1 in 1 to 8 bytes: small numbers take fewer. */
  whole(value: number): void {
    const block = this.#block;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      block[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      block[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    block[this.#at++] = rest;
  }

  /** Writes bytes without their number. */
  raw(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Writes a text as its length and its UTF-8 bytes, at most three for each UTF-16 unit. */
  text(text: string): void {
    const bytes = encoder.encode(text);
    this.whole(bytes.length);
    this.raw(bytes);
  }

  /** Hands out the packed blocks, each with a memory of its own, and empties the list. */
  take(): readonly OwnBytes[] {
    this.#pack();
    const packed = this.#packed;
    this.#packed = [];
    this.#packedBytes = 0;
    this.#block = new Uint8Array(0);
    return packed;
  }

  #pack(): void {
    if (this.#at === 0) return;
    const packed = pack(this.#block.subarray(0, this.#at));
    this.#packed.push(packed);
    this.#packedBytes += packed.length + BLOCK_OVERHEAD_BYTES;
    this.#at = 0;
  }
}

/**
 * The compressor's result in a memory of exactly its length. Its own memory is cut, because a copy would leave it to the
 * garbage collector, which comes late for it.
 */
function pack(bytes: Uint8Array): OwnBytes {
  const result = zstdCompressSync(bytes, { chunkSize: RESULT_BYTES });
  const { buffer, byteOffset, length } = result;
  if (byteOffset === 0 && buffer.byteLength === RESULT_BYTES) return new Uint8Array(buffer.transfer(length));
  return new Uint8Array(result);
}

/** Reads what a {@link ByteWriter} wrote, with the calls in the same order. */
export class ByteReader {
  readonly #packed: readonly Uint8Array[];
  #block: Uint8Array = new Uint8Array(0);
  #next = 0;
  #at = 0;

  constructor(packed: readonly Uint8Array[]) {
    this.#packed = packed;
  }

  /** Goes on to the next record; false at the end of the list. */
  begin(): boolean {
    while (this.#at >= this.#block.length) {
      const packed = this.#packed[this.#next++];
      if (packed === undefined) return false;
      const { buffer, byteOffset, length } = zstdDecompressSync(packed);
      this.#block = new Uint8Array(buffer, byteOffset, length);
      this.#at = 0;
    }
    return true;
  }

  byte(): number {
    return this.#block[this.#at++] ?? 0;
  }

  whole(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  raw(length: number): Uint8Array {
    this.#at += length;
    return this.#block.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return decoder.decode(this.raw(this.whole()));
  }
}

/** Folds a whole number of either sign into one from 0 on, so that small ones stay small. Exact up to 2^52. */
export function foldSign(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** The number that {@link foldSign} folded. */
export function unfoldSign(folded: number): number {
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}
