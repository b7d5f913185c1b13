// The text of one JSON string or number, decoded as it comes, in UTF-8 and in constant memory.

/** Length of a text that is kept, in bytes of UTF-8 without escapes. A longer one counts as absent. */
export const KEPT_BYTES_MAX = 512;

const REPLACEMENT = 0xfffd;

/** Collects one text after another. */
export class KeptText {
  /** The text, of {@link length} bytes. */
  readonly bytes: Buffer = Buffer.alloc(KEPT_BYTES_MAX);
  /** Length in bytes; −1 if there is no text, or if it is longer than {@link KEPT_BYTES_MAX}. */
  length = -1;

  /** A high surrogate that waits for its low one; else 0. */
  #high = 0;

  /** Begins an empty text. */
  begin(): void {
    this.length = 0;
  }

  /** There is no text. */
  drop(): void {
    this.length = -1;
  }

  /** Adds bytes of the chunk as they are, from index `from` to before `to`. */
  addRun(chunk: Uint8Array, from: number, to: number): void {
    this.end();
    const length = this.length + to - from;
    if (this.length < 0 || length > KEPT_BYTES_MAX) {
      this.length = -1;
      return;
    }
    // Most texts are so short that a loop beats a call of `set`.
    for (let at = from, into = this.length; at < to; at += 1, into += 1) this.bytes[into] = chunk[at] ?? 0;
    this.length = length;
  }

  /** Adds a byte as it is. */
  add(byte: number): void {
    this.end();
    this.#put(byte);
  }

  /** Adds a UTF-16 code unit. A surrogate without its partner becomes U+FFFD. */
  addUnit(unit: number): void {
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow && this.#high !== 0) {
      const point = 0x10000 + (this.#high - 0xd800) * 0x400 + (unit - 0xdc00);
      this.#high = 0;
      this.#putPoint(point);
      return;
    }
    this.end();
    if (unit >= 0xd800 && unit <= 0xdbff) this.#high = unit;
    else this.#putPoint(isLow ? REPLACEMENT : unit);
  }

  /** Nothing follows a surrogate that still waits for its partner. */
  end(): void {
    if (this.#high === 0) return;
    this.#high = 0;
    this.#putPoint(REPLACEMENT);
  }

  #putPoint(point: number): void {
    for (const byte of Buffer.from(String.fromCodePoint(point))) this.#put(byte);
  }

  #put(byte: number): void {
    if (this.length < 0 || this.length === KEPT_BYTES_MAX) this.length = -1;
    else this.bytes[this.length++] = byte;
  }
}
