// An append-only list of bytes in chunks, and its reader. A record never spans two chunks, so that the reader meets the
// end of a chunk only between records. It knows nothing of what the bytes mean.

const FIRST_CHUNK_BYTES = 256;
const CHUNK_BYTES = 65_536;
/** What the engine keeps for a chunk beside its bytes, roughly. */
const CHUNK_OVERHEAD_BYTES = 240;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes in a memory of their own, which can be transferred to a thread. */
export type OwnBytes = Uint8Array<ArrayBuffer>;

/** Writes records. Chunks double from 256 bytes to 64 KiB, so that a short list is small. */
export class ByteWriter {
  #sealed: OwnBytes[] = [];
  #chunk: OwnBytes | null = null;
  #at = 0;
  #bytes = 0;

  /** Memory that the list takes, in bytes; room that is not written yet counts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a record of at most this many bytes. */
  begin(recordBytesMax: number): void {
    if (this.#chunk !== null && this.#at + recordBytesMax <= this.#chunk.length) return;
    const last = this.#chunk?.length ?? 0;
    this.#seal();
    const length = Math.max(recordBytesMax, Math.min(CHUNK_BYTES, Math.max(FIRST_CHUNK_BYTES, last * 2)));
    this.#chunk = new Uint8Array(length);
    this.#bytes += length + CHUNK_OVERHEAD_BYTES;
  }

  /** Writes a whole number from 0 to 255. */
  byte(value: number): void {
    (this.#chunk as OwnBytes)[this.#at++] = value;
  }

  /** Writes a whole number from 0 to 2^53 − 1 in 1 to 8 bytes: small numbers take fewer. */
  whole(value: number): void {
    const chunk = this.#chunk as OwnBytes;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      chunk[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      chunk[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    chunk[this.#at++] = rest;
  }

  /** Writes bytes without their number. */
  raw(bytes: Uint8Array): void {
    (this.#chunk as OwnBytes).set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Writes a text as its length and its UTF-8 bytes, at most three for each UTF-16 unit. */
  text(text: string): void {
    const bytes = encoder.encode(text);
    this.whole(bytes.length);
    this.raw(bytes);
  }

  /** Hands out the chunks, each with a memory of its own, and empties the list. */
  take(): readonly OwnBytes[] {
    this.#seal();
    const chunks = this.#sealed;
    this.#sealed = [];
    this.#bytes = 0;
    return chunks;
  }

  #seal(): void {
    if (this.#chunk !== null) this.#sealed.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = null;
    this.#at = 0;
  }
}

/** Reads what a {@link ByteWriter} wrote, with the calls in the same order. */
export class ByteReader {
  readonly #chunks: readonly Uint8Array[];
  #chunk = new Uint8Array(0);
  #next = 0;
  #at = 0;

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
  }

  /** Goes on to the next record; false at the end of the list. */
  begin(): boolean {
    while (this.#at >= this.#chunk.length) {
      const chunk = this.#chunks[this.#next++];
      if (chunk === undefined) return false;
      this.#chunk = chunk as Uint8Array<ArrayBuffer>;
      this.#at = 0;
    }
    return true;
  }

  byte(): number {
    return this.#chunk[this.#at++] ?? 0;
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
    return this.#chunk.subarray(this.#at - length, this.#at);
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
