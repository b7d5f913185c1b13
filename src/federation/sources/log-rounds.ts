// Rounds on their way from the log to the handover: compressed while they wait, unpacked one at a time when the writer has
// room and the commands that may concern them are read. It judges no message, and leaves out rounds that it cannot read.

import { Fifo } from '../../lib/fifo.ts';
import { MESSAGE_BYTES_MAX } from '../domain/decode.ts';
import { MALFORMED_CREDENTIAL } from '../domain/message-signature.ts';
import { decodeRound, type RoundEntry, type RoundHeader } from '../domain/round.ts';
import { type BatchMessage, LOST, ROUND_BEGINS, ROUND_ENDS } from './batch.ts';

/** One entry of a batch, without the observed clock. */
export type LogEntry = Omit<BatchMessage, 'observedMs' | 'text'>;

/** A message of the log. */
export interface ArrivedRound {
  readonly payload: Uint8Array;
  /** Its sequence in the log. */
  readonly seq: number;
  /** When the broker stored it, ms since the epoch. */
  readonly atMs: number;
  /** When it arrived, on the monotonic clock. */
  readonly heardMs: number;
  /** How old it was then, in ms. */
  readonly ageMs: number;
}

/** What {@link LogRounds} needs of its owner. */
export interface LogRoundsParts {
  /** True if every command that may concern a round that arrived at this time was read. */
  mayPass(arrivedMs: number): boolean;
  /** Called with each round that can be read, before its entries are handed on. */
  opened(header: RoundHeader, round: ArrivedRound): void;
  /** Takes the marks and the entries of a round. */
  entry(entry: LogEntry): void;
  /** Called with each round that cannot be read; it is left out. */
  unreadable(seq: number, reason: string): void;
  /** Called when no more rounds may come, and when they may come again. */
  full(): void;
  roomy(): void;
}

/** Rounds that may wait until no more are asked for. Those that were asked for before still arrive. */
const ROUNDS_WAITING_MAX = 16;
/** Number of rounds in one pull request. */
export const LOG_PULL_ROUNDS = 16;
/** Number of pull requests at the same time. */
export const LOG_PULLS_OUTSTANDING = 2;
/** Maximum length of a stream's name that is asked about in a subject. */
const STREAM_NAME = /^[^\s.*>]{1,255}$/;
/** Maximum length of a valid credential (src/federation/domain/message-signature.ts). */
const CREDENTIAL_LENGTH = 60;
const NOTHING = new Uint8Array(0);

/** The waiting rounds. */
export class LogRounds {
  readonly #parts: LogRoundsParts;
  readonly #waiting = new Fifo<ArrivedRound>();
  #count = 0;
  /** True while the handover has no room. */
  #isHeld = false;
  #isFull = false;
  #isPassing = false;

  constructor(parts: LogRoundsParts) {
    this.#parts = parts;
  }

  /** Number of rounds that wait. */
  get count(): number {
    return this.#count;
  }

  add(round: ArrivedRound): void {
    this.#waiting.push(round);
    this.#count++;
    this.pass();
  }

  /** Hands on what may be handed on. */
  pass(): void {
    // Handing on may fill the handover, which calls back.
    if (this.#isPassing) return;
    this.#isPassing = true;
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (this.#isHeld || !this.#parts.mayPass(next.heardMs)) break;
      this.#waiting.shift();
      this.#count--;
      this.#handOn(next);
    }
    this.#isPassing = false;
    this.#noteRoom();
  }

  /** The handover takes nothing more. What is left of the round that is being handed on still goes there. */
  hold(): void {
    this.#isHeld = true;
    this.#noteRoom();
  }

  release(): void {
    this.#isHeld = false;
    this.pass();
  }

  /** Forgets the waiting rounds, because they are read again. */
  clear(): void {
    while (this.#waiting.shift() !== undefined);
    this.#count = 0;
    this.#noteRoom();
  }

  #noteRoom(): void {
    const isFull =
      this.#isHeld || this.#count >= (this.#isFull ? ROUNDS_WAITING_MAX / 2 : ROUNDS_WAITING_MAX);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#parts.full();
    else this.#parts.roomy();
  }

  #handOn(arrived: ArrivedRound): void {
    const { seq, atMs, payload } = arrived;
    const round = decodeRound(payload);
    if (round.type === 'fault') {
      this.#parts.unreadable(seq, round.reason);
      return;
    }
    if (!STREAM_NAME.test(round.header.source.stream)) {
      this.#parts.unreadable(seq, 'its source is no stream');
      return;
    }
    this.#parts.opened(round.header, arrived);
    const { entry } = this.#parts;
    const mark = { atMs, seq };
    entry({ ...mark, subject: ROUND_BEGINS, payload: Buffer.from(JSON.stringify(round.header)) });
    round.visit((message) => entry(entryOf(message)));
    entry({ ...mark, subject: ROUND_ENDS, payload: NOTHING });
  }
}

function entryOf({ seq, atMs, subject, credential, payload, lost }: RoundEntry): LogEntry {
  if (lost !== undefined) return { seq, atMs, subject: LOST, payload: Buffer.from(String(lost)) };
  return {
    seq,
    atMs,
    subject,
    // One byte beyond the limit is enough to recognise an over-long message.
    payload: payload.length > MESSAGE_BYTES_MAX ? payload.subarray(0, MESSAGE_BYTES_MAX + 1) : payload,
    credential:
      credential !== null && credential.length > CREDENTIAL_LENGTH ? MALFORMED_CREDENTIAL : credential,
  };
}
