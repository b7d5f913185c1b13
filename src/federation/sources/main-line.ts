// What a splitter has read and not yet brought into all logs, from one beginning at the checkpoint to the next: the round
// that is being filled, and the rounds on their way. It does not read, and begins nothing again.

import type { Clock } from '../../lib/clock.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import type { Checkpoint } from '../domain/checkpoint.ts';
import { ROUND_MESSAGES_MAX } from '../domain/round.ts';
import { type EncodedRound, type InputMessage, RoundDraft } from './round-draft.ts';
import { RoundLine } from './round-line.ts';
import type { RoundTimes } from './shard-clock.ts';
import type { SplitterCounters } from './splitter-counters.ts';

/** A round is closed this long after its first message, in ms. */
export const ROUND_AFTER_MS = 50;

/** What a {@link MainLine} needs of its splitter. */
export interface MainLineParts {
  append(round: EncodedRound): Promise<void>;
  /** The times of a round that is closed now. */
  times(): RoundTimes;
  /** All logs have everything up to `seq`, whose message the broker stored at `atMs`. */
  acknowledged(seq: number, atMs: number | null): void;
  /** Called when a round was closed, and when there is room for another. */
  moved(): void;
  /** An append failed: the line is over. */
  failed(error: unknown): void;
  readonly counters: SplitterCounters;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
}

/** The main line of a splitter. */
export class MainLine {
  readonly place: Checkpoint;
  /** The last sequence that a closed round covers. */
  sentTo: number;
  /** When the last round was closed, on the monotonic clock. */
  closedMs = -Infinity;
  readonly #maker: string;
  readonly #parts: MainLineParts;
  readonly #draft: RoundDraft;
  readonly #line: RoundLine;
  #closer: Timer | null = null;

  constructor(place: Checkpoint, maker: string, partitions: number, parts: MainLineParts) {
    this.place = place;
    this.sentTo = place.seq;
    this.#maker = maker;
    this.#parts = parts;
    this.#draft = new RoundDraft(partitions, null, place.seq);
    this.#line = new RoundLine({
      append: (round) => parts.append(round),
      acknowledged: ({ to, atMs }) => parts.acknowledged(to, atMs),
      roomy: () => this.#roomy(),
      failed: (error) => parts.failed(error),
    });
  }

  /** The last sequence read. */
  get readTo(): number {
    return this.#draft.to;
  }

  /** True while the logs do not keep up. */
  get isFull(): boolean {
    return this.#line.isFull;
  }

  /** True if no message waits for its round to be closed. */
  get isIdle(): boolean {
    return this.#draft.count === 0;
  }

  /** Takes a message; one that was read before has no effect. */
  take(message: InputMessage): void {
    const draft = this.#draft;
    if (message.seq <= draft.to) return;
    if (message.seq > draft.to + 1) this.loseUpTo(message.seq - 1);
    if (!draft.add(message)) {
      this.close(false);
      draft.add(message);
    }
    this.#parts.counters.messages++;
    if (draft.count >= ROUND_MESSAGES_MAX) this.close(false);
    else this.#closeSoon();
  }

  /** The stream holds nothing unread up to `seq`. Returns the number of sequences that are lost. */
  loseUpTo(seq: number): number {
    const draft = this.#draft;
    const lost = seq - draft.to;
    if (lost <= 0) return 0;
    const atMs = draft.atMs ?? this.#parts.times().atMs;
    if (!draft.addLost(seq, atMs)) {
      this.close(false);
      draft.addLost(seq, atMs);
    }
    this.#parts.counters.lost += lost;
    this.#closeSoon();
    return lost;
  }

  /** Closes the round, with all that was read; at rest it is empty. */
  close(isAway: boolean): void {
    const { source, first } = this.place;
    const { counters, clock } = this.#parts;
    this.#closer?.cancel();
    this.#closer = null;
    const facts = { maker: this.#maker, source, first, ...this.#parts.times(), isAway };
    const rounds = this.#draft.close(facts);
    counters.closed(rounds);
    this.closedMs = clock.monotonicMs();
    this.sentTo = this.#draft.to;
    this.#line.add({ to: this.#draft.to, atMs: this.#draft.atMs, rounds });
    this.#parts.moved();
  }

  stop(): void {
    this.#closer?.cancel();
    this.#closer = null;
    this.#line.stop();
  }

  #roomy(): void {
    if (!this.isIdle) this.#closeSoon();
    this.#parts.moved();
  }

  #closeSoon(): void {
    this.#closer ??= this.#parts.timers.after(ROUND_AFTER_MS, () => {
      this.#closer = null;
      // While the line is full the draft grows to a whole round.
      if (!this.isIdle && !this.isFull) this.close(false);
    });
  }
}
