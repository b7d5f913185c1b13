// HMAC-SHA256 (FIPS 180-4, RFC 2104) of short texts under one key, for names that are made by the million: Node's own hashes
// cost more to call than to compute (measured on a busy machine: 46 µs an `Hmac` object, 9 µs two one-shot hashes, 3 µs this).
// It is for names in a local file only. Signatures, proofs and everything that a stranger can time use node:crypto.

const BLOCK_BYTES = 64;
const STATE_WORDS = 8;
const LENGTH_BYTES = 8;
/** The first 32 bits of the fractional parts of the square and cube roots of the first primes. */
const INITIAL = firstPrimes(STATE_WORDS).map((prime) => fractionBits(Math.sqrt(prime)));
const ROUNDS = Int32Array.from(firstPrimes(BLOCK_BYTES), (prime) => fractionBits(Math.cbrt(prime)));
const schedule = new Int32Array(BLOCK_BYTES);

/** HMAC-SHA256 under one key. */
export class HmacSha256 {
  /** The states of the two hashes after the block of the key. */
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;
  readonly #state = new Int32Array(STATE_WORDS);
  #text = Buffer.alloc(4 * BLOCK_BYTES);
  readonly #innerHash = Buffer.alloc(BLOCK_BYTES);

  /** `key` has at most 64 bytes. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError('a key of HMAC-SHA256 has at most 64 bytes here');
    this.#inner = afterKey(key, 0x36);
    this.#outer = afterKey(key, 0x5c);
    const hashBytes = STATE_WORDS * 4;
    this.#innerHash[hashBytes] = 0x80;
    this.#innerHash.writeUInt32BE((BLOCK_BYTES + hashBytes) * 8, BLOCK_BYTES - 4);
  }

  /** The first `bytes` bytes of the HMAC of the text in UTF-8; at most 32, a multiple of 4. */
  of(text: string, bytes: number): Buffer {
    const state = this.#state;
    state.set(this.#inner);
    const end = this.#pad(text);
    for (let at = 0; at < end; at += BLOCK_BYTES) compress(state, this.#text, at);
    writeWords(state, this.#innerHash, STATE_WORDS);
    state.set(this.#outer);
    compress(state, this.#innerHash, 0);
    return writeWords(state, Buffer.allocUnsafe(bytes), bytes / 4);
  }

  /** Writes the text with its padding; returns the length, a multiple of the block's. */
  #pad(text: string): number {
    // A character has at most three bytes in UTF-8.
    const room = text.length * 3 + 1 + LENGTH_BYTES + BLOCK_BYTES;
    if (this.#text.length < room) this.#text = Buffer.alloc(room);
    const length = this.#text.write(text, 0, 'utf8');
    const end = Math.ceil((length + 1 + LENGTH_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
    this.#text[length] = 0x80;
    this.#text.fill(0, length + 1, end);
    // Texts are far shorter than 2^29 bytes.
    this.#text.writeUInt32BE((BLOCK_BYTES + length) * 8, end - 4);
    return end;
  }
}

function afterKey(key: Uint8Array, mask: number): Int32Array {
  const block = Buffer.alloc(BLOCK_BYTES, mask);
  for (const [index, byte] of key.entries()) block[index] = byte ^ mask;
  const state = Int32Array.from(INITIAL);
  compress(state, block, 0);
  return state;
}

/** Takes the block at `at` into the state. */
function compress(state: Int32Array, bytes: Buffer, at: number): void {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = bytes.readInt32BE(at + 4 * i);
  for (let i = 16; i < BLOCK_BYTES; i++) {
    const x = word(w, i - 15);
    const y = word(w, i - 2);
    const s0 = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
    const s1 = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
    w[i] = (word(w, i - 16) + s0 + word(w, i - 7) + s1) | 0;
  }
  let a = word(state, 0);
  let b = word(state, 1);
  let c = word(state, 2);
  let d = word(state, 3);
  let e = word(state, 4);
  let f = word(state, 5);
  let g = word(state, 6);
  let h = word(state, 7);
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + word(ROUNDS, i) + word(w, i)) | 0;
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = word(state, 0) + a;
  state[1] = word(state, 1) + b;
  state[2] = word(state, 2) + c;
  state[3] = word(state, 3) + d;
  state[4] = word(state, 4) + e;
  state[5] = word(state, 5) + f;
  state[6] = word(state, 6) + g;
  state[7] = word(state, 7) + h;
}

/** A word of a list that is known to have it. */
function word(words: Int32Array, index: number): number {
  return words[index] as number;
}

/** The word turned to the right by `by` bits. */
function turned(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}

function writeWords(state: Int32Array, bytes: Buffer, count: number): Buffer {
  for (let i = 0; i < count; i++) bytes.writeInt32BE(word(state, i), 4 * i);
  return bytes;
}

function firstPrimes(count: number): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return primes;
}

function fractionBits(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}
