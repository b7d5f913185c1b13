// One Bloom filter per segment of a table's rows, stored side by side: one word per place holds the bits of 32
// segments, so four reads answer for all of them at once. A filter answers "may contain" or "does not contain". It
// knows neither rows nor SQL.

import type { HashKey } from './hash-keys.ts';

const SEGMENTS = 32;
/** Number of places per hash. With 16 places per row, one segment in 400 answers "may contain" although it does not. */
const PLACES_PER_HASH = 4;
const NONE: readonly number[] = [];

/** The filters of all segments of one table. */
export class SegmentFilters {
  readonly #mask: number;
  /** The words of 32 segments, by segment ÷ 32, the newest last. */
  readonly #groups = new Map<number, Uint32Array>();

  /** `placesLog2` is the number of places of a filter as a power of two, 3 to 25. */
  constructor(placesLog2: number) {
    this.#mask = 2 ** placesLog2 - 1;
  }

  /** Bytes of one segment's filter. */
  get bytes(): number {
    return (this.#mask + 1) / 8;
  }

  add(segment: number, key: HashKey): void {
    const words = this.#group(segment);
    const bit = 1 << (segment % SEGMENTS);
    let place = key.start;
    for (let i = 0; i < PLACES_PER_HASH; i++) {
      const at = place & this.#mask;
      words[at] = (words[at] ?? 0) | bit;
      place += key.step;
    }
  }

  /** The segments that may contain the hash, in no particular order. Every segment that contains it is among them. */
  candidates({ start, step }: HashKey): readonly number[] {
    let found: number[] | null = null;
    const mask = this.#mask;
    for (const [group, words] of this.#groups) {
      let bits =
        (words[start & mask] ?? 0) &
        (words[(start + step) & mask] ?? 0) &
        (words[(start + 2 * step) & mask] ?? 0) &
        (words[(start + 3 * step) & mask] ?? 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        (found ??= []).push(group * SEGMENTS + bit);
        bits &= ~(1 << bit);
      }
    }
    return found ?? NONE;
  }

  /** Clears the filter of a segment whose rows are deleted. */
  clear(segment: number): void {
    const group = Math.floor(segment / SEGMENTS);
    const words = this.#groups.get(group);
    if (words === undefined) return;
    const others = ~(1 << (segment % SEGMENTS));
    let left = 0;
    for (let at = 0; at < words.length; at++) {
      const word = (words[at] ?? 0) & others;
      words[at] = word;
      left |= word;
    }
    if (left === 0) this.#groups.delete(group);
  }

  /** A segment's filter as bytes. */
  save(segment: number): Buffer {
    const words = this.#group(segment);
    const shift = segment % SEGMENTS;
    const bytes = Buffer.alloc(this.bytes);
    for (let at = 0; at < words.length; at++) {
      const byte = at >> 3;
      bytes[byte] = (bytes[byte] ?? 0) | ((((words[at] ?? 0) >>> shift) & 1) << (at & 7));
    }
    return bytes;
  }

  /** Loads a segment's filter from bytes that {@link SegmentFilters.save} returned. */
  load(segment: number, bytes: Uint8Array): void {
    const words = this.#group(segment);
    const shift = segment % SEGMENTS;
    for (let at = 0; at < words.length; at++) {
      words[at] = (words[at] ?? 0) | ((((bytes[at >> 3] ?? 0) >>> (at & 7)) & 1) << shift);
    }
  }

  #group(segment: number): Uint32Array {
    const group = Math.floor(segment / SEGMENTS);
    let words = this.#groups.get(group);
    if (words === undefined) {
      words = new Uint32Array(this.#mask + 1);
      this.#groups.set(group, words);
    }
    return words;
  }
}
