// The door that every message comes through: size, decode, validate, authenticate, limit, apply
// (docs/federation.md#at-the-door), each outcome counted. A stranger's message never throws here and never reaches a
// log.

import type { Outcome } from '../domain/accounting.ts';
import type { ApiKey } from '../domain/api-keys.ts';
import { Decoder } from '../domain/decode.ts';
import type { Signal } from '../domain/signal.ts';
import type { Authenticate } from './authenticator.ts';
import type { BatchMessage } from '../sources/batch.ts';
import type { Ledger } from './ledger.ts';
import { NO_SUBJECT } from '../sources/subject-index.ts';

/** A broker time further ahead of ours than this is counted; liveness never takes a time later than now. */
export const FUTURE_TOLERANCE_MS = 60_000;

export interface DoorParts {
  readonly ledger: Ledger;
  /** Says who sent a valid message. */
  readonly authenticate: Authenticate;
  /** Merges a valid message, and says what became of it; `signer` is the key that signed it, null if none did. */
  apply(
    signal: Signal,
    moment: { readonly atMs: number; readonly nowMs: number; readonly observedMs: number },
    signer: ApiKey | null,
  ): 'applied' | 'duplicate' | 'rate_limited';
  /** Accepts the next message of the stream; false if it was accepted before. */
  take(seq: number, atMs: number): boolean;
  /** Told what became of each message that was taken. */
  count(outcome: Outcome): void;
}

export class Door {
  readonly #parts: DoorParts;
  readonly #decoder = new Decoder();
  readonly #futureToleranceMs: number;
  /** As of the last commit. */
  #settledLabels: readonly number[] = [];

  /** `futureToleranceMs`: a broker time further ahead of ours than this is counted. */
  constructor(parts: DoorParts, futureToleranceMs = FUTURE_TOLERANCE_MS) {
    this.#parts = parts;
    this.#futureToleranceMs = futureToleranceMs;
  }

  /** Labels outside their vocabulary, in the order of `LABEL_DIMENSIONS`. */
  get unknownLabels(): readonly number[] {
    return this.#decoder.unknownLabels;
  }

  /** Takes one message, `nowMs` being our clock; returns what became of it. */
  enter(message: BatchMessage, nowMs: number): Outcome {
    this.receive(message, nowMs);
    return this.admit(message, nowMs);
  }

  /** Counts a message as received: from now on it is in flight. */
  receive({ subject, atMs }: BatchMessage, nowMs: number): void {
    this.#parts.ledger.receive(subject, atMs, atMs - nowMs > this.#futureToleranceMs);
  }

  /** Judges a message that was received, for the first time or, after {@link forget}, again. */
  admit(message: BatchMessage, nowMs: number): Outcome {
    if (this.#isReplayed(message)) return 'replayed';
    const outcome = this.#judge(message, nowMs);
    this.#parts.count(outcome);
    return outcome;
  }

  /** Takes a message that was received without looking at it: it cannot be stored. */
  setAside(message: BatchMessage): Outcome {
    if (this.#isReplayed(message)) return 'replayed';
    this.#parts.ledger.outcome(message.subject, 'quarantined');
    this.#parts.count('quarantined');
    return 'quarantined';
  }

  /** What was judged is committed. */
  committed(): void {
    this.#settledLabels = [...this.#decoder.unknownLabels];
  }

  /** What was judged since the last commit came to nothing. */
  forget(): void {
    this.#parts.ledger.forget();
    const { unknownLabels } = this.#decoder;
    unknownLabels.forEach((_count, index) => {
      unknownLabels[index] = this.#settledLabels[index] ?? 0;
    });
  }

  #isReplayed({ subject, seq, atMs }: BatchMessage): boolean {
    if (seq === null || this.#parts.take(seq, atMs)) return false;
    this.#parts.ledger.outcome(subject, 'replayed');
    return true;
  }

  #judge(message: BatchMessage, nowMs: number): Outcome {
    const { subject, payload, text, atMs, observedMs } = message;
    const { ledger } = this.#parts;
    if (subject === NO_SUBJECT) {
      ledger.outcome(subject, 'ignored');
      return 'ignored';
    }
    const decoded = this.#decoder.decode(subject, payload, text);
    if (typeof decoded === 'string') {
      ledger.reject(subject, decoded);
      return 'rejected';
    }
    const signer = this.#parts.authenticate(message, decoded.nodeId);
    if (typeof signer === 'string') {
      ledger.reject(subject, signer);
      return 'rejected';
    }
    const outcome = this.#parts.apply(decoded, { atMs, nowMs, observedMs }, signer);
    ledger.outcome(subject, outcome);
    return outcome;
  }
}
