// Sends one partition again what is missing in its log: rounds of the range that begins where the partition stands, made
// anew from the input stream, until the main line's next round follows on. It judges no request.

import type { Clock } from '../../lib/clock.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { type EncodedRound, type RangeFacts, RoundDraft } from './round-draft.ts';
import { RoundLine } from './round-line.ts';
import type { RoundTimes } from './shard-clock.ts';
import type { InputFacts, InputStream, OpenInput, ReadMessage } from './split-parts.ts';
import { unreadOf } from './stall.ts';

/** A heal that makes no progress for this long is given up; the partition asks again. */
export const HEAL_STALLED_MS = 10_000;

/** What is missing, and where. */
export interface HealOptions {
  readonly partitions: number;
  readonly partition: number;
  /** Everything after this sequence is missing. */
  readonly upto: number;
  readonly facts: Omit<RangeFacts, keyof RoundTimes | 'isAway'>;
}

/** What a {@link Heal} needs of its splitter. */
export interface HealParts {
  readonly stream: Pick<InputStream, 'facts' | 'read'>;
  append(round: EncodedRound): Promise<void>;
  /** The sequence after which the main line's next round begins. */
  target(): number;
  /** The main line must read no further, so that the heal can reach it. */
  hold(): void;
  times(): RoundTimes;
  lost(sequences: number): void;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
}

/** One heal, from its request to the main line. */
export class Heal {
  readonly partition: number;
  readonly upto: number;
  readonly #options: HealOptions;
  readonly #parts: HealParts;
  readonly #draft: RoundDraft;
  readonly #line: RoundLine;
  readonly #end = Promise.withResolvers<boolean>();
  /** The main line when the heal began: from there on it must wait. */
  readonly #firstTarget: number;
  #input: OpenInput | null = null;
  #watch: Timer | null = null;
  #movedMs: number;
  #isOver = false;
  #isComplete = false;

  constructor(options: HealOptions, parts: HealParts) {
    this.partition = options.partition;
    this.upto = options.upto;
    this.#options = options;
    this.#parts = parts;
    this.#draft = new RoundDraft(options.partitions, options.partition, options.upto);
    this.#firstTarget = parts.target();
    this.#movedMs = parts.clock.monotonicMs();
    this.#line = new RoundLine({
      append: (round) => parts.append(round),
      acknowledged: () => this.#acknowledged(),
      roomy: () => this.#goOn(),
      failed: () => this.#over(false),
    });
  }

  /** The last sequence that it has sent. */
  get to(): number {
    return this.#draft.to;
  }

  /** Resolves when the log has everything up to the main line, with false if the heal was given up. */
  async run(): Promise<boolean> {
    this.#watch = this.#parts.timers.every(HEAL_STALLED_MS / 4, () => {
      if (this.#parts.clock.monotonicMs() - this.#movedMs > HEAL_STALLED_MS) this.#over(false);
    });
    try {
      await this.#begin();
    } catch {
      this.#over(false);
    }
    return this.#end.promise;
  }

  stop(): void {
    this.#over(false);
  }

  async #begin(): Promise<void> {
    const facts = await this.#parts.stream.facts();
    if (this.#isOver) return;
    this.#loseUpTo(Math.min(facts.firstSeq - 1, this.#parts.target()));
    this.#goOn();
    if (this.#isOver || this.#isComplete) return;
    const input = await this.#parts.stream.read(this.#draft.to + 1, {
      message: (message) => this.#take(message),
      ended: () => undefined,
      broken: () => this.#over(false),
    });
    if (this.#isOver || this.#isComplete) return input.stop();
    this.#input = input;
    if (input.waiting === 0) this.#nothingWaits(facts);
    if (this.#line.isFull) input.pause();
  }

  /** The stream holds nothing of the range: its sequences are lost, unless its own counts say otherwise. */
  #nothingWaits(facts: InputFacts): void {
    if ((unreadOf(facts, this.#draft.to) ?? 0) > 0 || facts.lastSeq < this.#parts.target()) return;
    this.#loseUpTo(this.#parts.target());
    this.#goOn();
  }

  #take(message: ReadMessage): void {
    const draft = this.#draft;
    if (this.#isOver || this.#isComplete || message.seq <= draft.to) return;
    this.#movedMs = message.heardMs;
    const target = this.#parts.target();
    this.#loseUpTo(Math.min(message.seq - 1, target));
    if (message.seq <= target) {
      if (!draft.add(message)) {
        this.#close();
        draft.add(message);
      }
      if (draft.to >= this.#firstTarget) this.#parts.hold();
    }
    this.#goOn();
  }

  #loseUpTo(seq: number): void {
    const lost = seq - this.#draft.to;
    if (lost <= 0) return;
    const { atMs } = this.#parts.times();
    if (!this.#draft.addLost(seq, atMs)) {
      this.#close();
      this.#draft.addLost(seq, atMs);
    }
    this.#parts.lost(lost);
  }

  /**
   * Sends the last round if it reaches the main line. It does so only while the line has room: the round then leaves before
   * the main line's next one, which follows on.
   */
  #goOn(): void {
    if (this.#isOver || this.#isComplete) return;
    if (this.#line.isFull) {
      this.#input?.pause();
      return;
    }
    this.#input?.resume();
    if (this.#draft.to < this.#parts.target()) return;
    this.#isComplete = true;
    this.#input?.stop();
    this.#close();
  }

  #close(): void {
    const { atMs } = this.#parts.times();
    const read = this.#draft.atMs;
    const behindMs = read === null ? atMs : Math.max(0, atMs - read);
    const rounds = this.#draft.close({ ...this.#options.facts, atMs, behindMs, isAway: false });
    this.#line.add({ to: this.#draft.to, atMs: read, rounds });
  }

  #acknowledged(): void {
    this.#movedMs = this.#parts.clock.monotonicMs();
    if (this.#isComplete && this.#line.isEmpty) this.#over(true);
  }

  #over(isDone: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch?.cancel();
    this.#input?.stop();
    this.#line.stop();
    this.#end.resolve(isDone);
  }
}
