// The door through which every message passes: size, decode, validate, authenticate, limit, apply
// (docs/federation.md#at-the-door). It counts each outcome. No message makes it throw, and no content of a message
// reaches a log.

import type { Outcome } from '../domain/accounting.ts';
import type { ApiKey } from '../domain/api-keys.ts';
import { Decoder } from '../domain/decode.ts';
import type { RoundHeader } from '../domain/round.ts';
import type { Signal } from '../domain/signal.ts';
import type { Authenticate } from './authenticator.ts';
import { type BatchMessage, LOST, ROUND_BEGINS, ROUND_ENDS } from '../sources/batch.ts';
import type { Ledger } from './ledger.ts';
import { NO_SUBJECT } from '../sources/input-subjects.ts';

/**
 * A broker time further ahead of this machine's clock than this is counted; liveness never uses a time later than now.
 */
export const FUTURE_TOLERANCE_MS = 60_000;

/** What a {@link Door} needs of the ingest thread. */
export interface DoorParts {
  readonly ledger: Ledger;
  /** Checks who sent a valid message. */
  readonly authenticate: Authenticate;
  /** Merges a valid message and returns its outcome; `signer` is the signing key, null if unsigned. */
  apply(
    signal: Signal,
    moment: { readonly atMs: number; readonly nowMs: number; readonly observedMs: number },
    signer: ApiKey | null,
  ): 'applied' | 'duplicate' | 'rate_limited';
  /** Accepts the next message of the stream; false if it was accepted before. */
  take(seq: number, atMs: number): boolean;
  /** Called with the outcome of each message that was taken. */
  count(outcome: Outcome): void;
  /** The rounds of a log; absent where no log is ever read. */
  readonly rounds?: DoorRounds;
}

/** What a {@link Door} tells of rounds. */
export interface DoorRounds {
  /** True between the marks of a round whose messages are passed over. */
  isPassing(): boolean;
  /** The round with this sequence of the log begins. */
  begin(header: RoundHeader, logSeq: number): void;
  end(logSeq: number): void;
  /** The source of the open round holds `count` sequences up to `seq` no more. */
  lose(seq: number, count: number): void;
}

/** Judges every message and counts its outcome. */
export class Door {
  readonly #parts: DoorParts;
  readonly #decoder = new Decoder();
  readonly #futureToleranceMs: number;
  /** Counts of unknown labels at the last commit. */
  #settledLabels: readonly number[] = [];

  /** `futureToleranceMs`: a broker time further ahead of this machine's clock than this is counted. */
  constructor(parts: DoorParts, futureToleranceMs = FUTURE_TOLERANCE_MS) {
    this.#parts = parts;
    this.#futureToleranceMs = futureToleranceMs;
  }

  /** Counts of labels outside their vocabulary, in the order of `LABEL_DIMENSIONS`. */
  get unknownLabels(): readonly number[] {
    return this.#decoder.unknownLabels;
  }

  /**
   * True if this entry of a batch is a message. The others go to {@link mark}: marks of rounds, losses, and messages of
   * a round that is passed over. They are not received and have no outcome.
   */
  isMessage({ subject }: Pick<BatchMessage, 'subject'>): boolean {
    return subject <= NO_SUBJECT && this.#parts.rounds?.isPassing() !== true;
  }

  /** Takes an entry that is no message. */
  mark({ subject, seq, payload }: BatchMessage): void {
    const { rounds } = this.#parts;
    if (rounds === undefined || seq === null) return;
    if (subject === ROUND_BEGINS) rounds.begin(JSON.parse(textOf(payload)) as RoundHeader, seq);
    else if (subject === ROUND_ENDS) rounds.end(seq);
    else if (subject === LOST && !rounds.isPassing()) rounds.lose(seq, Number(textOf(payload)));
  }

  /** Receives and judges one message; returns its outcome. `nowMs` is this machine's clock. */
  enter(message: BatchMessage, nowMs: number): Outcome {
    this.receive(message, nowMs);
    return this.admit(message, nowMs);
  }

  /** Counts a message as received; it is in flight from now on. */
  receive({ subject, atMs }: BatchMessage, nowMs: number): void {
    this.#parts.ledger.receive(subject, atMs, atMs - nowMs > this.#futureToleranceMs);
  }

  /** Judges a received message: for the first time or, after {@link forget}, again. */
  admit(message: BatchMessage, nowMs: number): Outcome {
    if (this.#isReplayed(message)) return 'replayed';
    const outcome = this.#judge(message, nowMs);
    this.#parts.count(outcome);
    return outcome;
  }

  /** Quarantines a received message without decoding it, because it cannot be stored. */
  setAside(message: BatchMessage): Outcome {
    if (this.#isReplayed(message)) return 'replayed';
    this.#parts.ledger.outcome(message.subject, 'quarantined');
    this.#parts.count('quarantined');
    return 'quarantined';
  }

  /** Must be called when the judged messages are committed. */
  committed(): void {
    this.#settledLabels = [...this.#decoder.unknownLabels];
  }

  /** Discards the outcomes since the last commit, because that commit failed. */
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

function textOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString();
}
