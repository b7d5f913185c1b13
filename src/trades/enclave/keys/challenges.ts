// Challenges for registrations: each is good once, for five minutes, in this process. An unspent one takes no memory, so
// whoever asks for many takes none away from others: a challenge carries its own end and a tag of this process.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Fifo } from '../../../lib/fifo.ts';
import type { Clock } from '../../../lib/clock.ts';

/** Time in which a challenge must be spent, in ms. */
export const CHALLENGE_LIFETIME_MS = 300_000;
/** Spent challenges that are remembered until they would have ended; with more, none can be spent for a while. */
export const SPENT_CHALLENGES_MAX = 100_000;

const RANDOM_BYTES = 16;
const END_BYTES = 6;
const BODY_BYTES = RANDOM_BYTES + END_BYTES;
const TAG_BYTES = 16;
const CHALLENGE = /^[A-Za-z0-9_-]{51}$/;

/** A challenge with its end. */
export interface Challenge {
  /** 38 bytes in base64url. */
  readonly text: string;
  /** By the wall clock. */
  readonly expiresAtMs: number;
}

/** The challenges of one process. Lifetimes go by the monotonic clock. */
export class Challenges {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #spentMax: number;
  readonly #spent = new Set<string>();
  /** Spent challenges in the order of their spending. */
  readonly #ends = new Fifo<{ readonly text: string; readonly atMs: number }>();
  #refused = 0;

  constructor(clock: Clock, spentMax = SPENT_CHALLENGES_MAX) {
    this.#clock = clock;
    this.#spentMax = spentMax;
  }

  /** Good challenges that were refused because too many spent ones are remembered. */
  get refused(): number {
    return this.#refused;
  }

  /** Spent challenges that are remembered. */
  get remembered(): number {
    return this.#spent.size;
  }

  /** A new challenge. */
  issue(): Challenge {
    const body = Buffer.alloc(BODY_BYTES);
    randomBytes(RANDOM_BYTES).copy(body);
    body.writeUIntBE(Math.ceil(this.#clock.monotonicMs() + CHALLENGE_LIFETIME_MS), RANDOM_BYTES, END_BYTES);
    return {
      text: Buffer.concat([body, this.#tagOf(body)]).toString('base64url'),
      expiresAtMs: this.#clock.nowMs() + CHALLENGE_LIFETIME_MS,
    };
  }

  /** True for a challenge of this process that has not ended and was not spent: it is spent then. */
  spend(text: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#forgetEnded(nowMs);
    const endsAtMs = this.#endOf(text);
    if (endsAtMs === null || endsAtMs <= nowMs || this.#spent.has(text)) return false;
    if (this.#spent.size >= this.#spentMax) {
      this.#refused += 1;
      return false;
    }
    this.#spent.add(text);
    this.#ends.push({ text, atMs: nowMs + CHALLENGE_LIFETIME_MS });
    return true;
  }

  /** When a challenge of this process ends, by the monotonic clock; null for any other text. */
  #endOf(text: string): number | null {
    const bytes = CHALLENGE.test(text) ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
    // The last letter has bits that belong to no byte: with another one there the text would count as unspent.
    if (bytes.toString('base64url') !== text || bytes.length !== BODY_BYTES + TAG_BYTES) return null;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(bytes.subarray(BODY_BYTES), this.#tagOf(body))) return null;
    return body.readUIntBE(RANDOM_BYTES, END_BYTES);
  }

  #tagOf(body: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, TAG_BYTES);
  }

  #forgetEnded(nowMs: number): void {
    for (let oldest = this.#ends.peek(); oldest !== undefined && oldest.atMs <= nowMs; ) {
      this.#spent.delete(oldest.text);
      this.#ends.shift();
      oldest = this.#ends.peek();
    }
  }
}
