// The broker of the simulation: one stream in memory with sequences, a clock of its own, limits on age and number, and
// the accidents that a broker can have. It knows the meaning of each message, which the program under test must find
// out.

import type { Statement } from '../../../src/federation/simulator/statement.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** The meaning of a message, from its sender. */
export type Meaning =
  | { readonly type: 'said'; readonly content: Statement }
  /** No row of its node can be stored. */
  | { readonly type: 'unstorable' }
  | { readonly type: 'rejected' }
  | { readonly type: 'ignored' };

export interface Publication {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly meaning: Meaning;
}

export interface StoredMessage extends Publication {
  readonly seq: number;
  /** The broker's clock when it was stored. */
  readonly atMs: number;
  /** True time when it was stored. */
  readonly trueMs: number;
  /** Which of the broker's streams; a stream that was made again or set back is another. */
  readonly generation: number;
}

export interface BrokerLimits {
  readonly messagesMax: number;
  readonly ageMaxMs: number;
}

export class SimulatedBroker {
  /** False while it is away: messages published meanwhile are lost. */
  isUp = true;
  /** False while it answers and stores, but delivers nothing and answers no question about the stream. */
  isServing = true;
  /** Its clock minus true time. */
  clockErrorMs = 0;
  /** Told of each message that can be read. */
  onMessage: (message: Publication) => void = () => undefined;
  generation = 1;
  created: string;
  firstSeq = 1;
  lastSeq = 0;
  readonly #time: SimulatedTime;
  readonly #limits: BrokerLimits;
  readonly #messages = new Map<number, StoredMessage>();

  constructor(time: SimulatedTime, limits: BrokerLimits) {
    this.#time = time;
    this.#limits = limits;
    this.created = new Date(time.nowMs).toISOString();
  }

  publish(publication: Publication): void {
    if (!this.isUp) return;
    this.lastSeq++;
    this.#messages.set(this.lastSeq, {
      ...publication,
      seq: this.lastSeq,
      atMs: Math.floor(this.#time.nowMs + this.clockErrorMs),
      trueMs: this.#time.nowMs,
      generation: this.generation,
    });
    if (this.lastSeq - this.firstSeq >= this.#limits.messagesMax) this.#messages.delete(this.firstSeq++);
    this.onMessage(publication);
  }

  /** The first message at or after `seq`, if the stream holds one. */
  read(seq: number): StoredMessage | undefined {
    return this.#messages.get(Math.max(seq, this.firstSeq));
  }

  /** Removes messages that are too old. */
  prune(): void {
    const oldestMs = this.#time.nowMs - this.#limits.ageMaxMs;
    for (
      let first = this.#messages.get(this.firstSeq);
      first !== undefined && first.trueMs < oldestMs;
      first = this.#messages.get(this.firstSeq)
    ) {
      this.#messages.delete(this.firstSeq++);
    }
  }

  storedAtMs(seq: number): number | null {
    return this.#messages.get(seq)?.atMs ?? null;
  }

  /** The stream is deleted and made again. */
  recreate(): void {
    this.#messages.clear();
    this.created = new Date(this.#time.nowMs).toISOString();
    this.firstSeq = 1;
    this.lastSeq = 0;
    this.generation++;
  }

  /** The last `count` messages are gone, as after a restore from a backup; their sequences are given again. */
  rollBack(count: number): void {
    for (let left = count; left > 0 && this.lastSeq >= this.firstSeq; left--) {
      this.#messages.delete(this.lastSeq--);
    }
    this.generation++;
  }
}
