// The splitter of one input stream: it reads the stream in order from the checkpoint and copies every message, unchanged,
// in rounds into the log of the partition that owns it. It judges no message. Nothing depends on how often it repeats
// itself: it begins again at the checkpoint after every failure, and any number of splitters may run for one stream.

import type { Part } from '../../lib/part.ts';
import type { Timer } from '../../lib/timers.ts';
import { describe } from '../../io/nats.ts';
import type { Checkpoint } from '../domain/checkpoint.ts';
import type { GapRequest } from '../domain/gap-request.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { EarlyMessages } from './early-messages.ts';
import { Healer } from './healer.ts';
import { MainLine } from './main-line.ts';
import { type RoundTimes, ShardClock } from './shard-clock.ts';
import type { InputFacts, InputSink, OpenInput, ReadMessage, SplitterParts } from './split-parts.ts';
import { SplitterCounters } from './splitter-counters.ts';
import type { SplitterStatus } from '../domain/splitter-status.ts';
import { unreadOf } from './stall.ts';
import { StreamPulse } from './stream-pulse.ts';

/** At rest the splitter sends an empty round this often, in ms, so that replicas know that it lives. */
export const SPEAK_AFTER_MS = 1_000;
const ANOTHER_STREAM = 'the stream is another one';
const SAVE_EVERY_MS = 200;
const WATCH_EVERY_MS = 250;
/** Rest before beginning again; up to as much again is added at random. */
const REST_MS = 300;
/** A stream that holds messages but delivers none for this long is read anew, in ms. */
const STALLED_AFTER_MS = 10_000;

/** Whose messages are split, and by whom. */
export interface SplitterOptions {
  /** The name of the input stream. */
  readonly shard: string;
  /** The name of this process, for the header of its rounds. */
  readonly maker: string;
  readonly partitions: number;
}

/** One splitter, from its start to its stop. */
export class Splitter implements Part {
  readonly #options: SplitterOptions;
  readonly #parts: SplitterParts;
  readonly #keeper: CheckpointKeeper;
  readonly #healer: Healer;
  readonly #pulse: StreamPulse;
  readonly #shardClock = new ShardClock();
  readonly #counters = new SplitterCounters();
  #timers: Timer[] = [];
  #rest: Timer | null = null;
  /** Grows when a beginning, and what follows it, is over. */
  #attempt = 0;
  #line: MainLine | null = null;
  #input: OpenInput | null = null;
  #isStopped = false;
  /** True while a heal needs the main line to wait. */
  #isHeld = false;
  #closedMs = -Infinity;
  /** When reading last made progress, on the monotonic clock. */
  #movedMs = 0;
  /** The reason of the last restart; null once a round was acknowledged after it. */
  #told: string | null = null;

  constructor(options: SplitterOptions, parts: SplitterParts) {
    this.#options = options;
    this.#parts = parts;
    this.#pulse = new StreamPulse(parts.stream, parts.clock);
    this.#keeper = new CheckpointKeeper(options.shard, {
      stream: parts.stream,
      records: parts.records,
      positions: () => parts.positions(),
      overtaken: () => this.#reset('another splitter has begun a new incarnation of the stream'),
    });
    this.#healer = new Healer(options.partitions, {
      ...parts,
      target: () => this.#line?.sentTo ?? 0,
      hold: (isHeld) => this.#hold(isHeld),
      times: () => this.#times(),
      counters: this.#counters,
    });
  }

  /** Begins; what fails is tried again until the stop. */
  async start(): Promise<void> {
    const { timers } = this.#parts;
    this.#timers = [
      timers.every(WATCH_EVERY_MS, () => this.#watch()),
      timers.every(SAVE_EVERY_MS, () => void this.#keeper.save()),
    ];
    void this.#begin();
  }

  /** Stops, and writes the checkpoint if the broker takes it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of [...this.#timers, this.#rest]) timer?.cancel();
    this.#leave();
    await this.#keeper.save();
  }

  /** Sends a partition again what is missing in its log; the partition asks again if that fails. */
  heal(request: GapRequest): void {
    const place = this.#line?.place;
    if (place === undefined || this.#input === null) return;
    if (request.source.incarnation !== place.source.incarnation) return;
    const { maker } = this.#options;
    this.#healer.request(request, { maker, source: place.source, first: place.first });
  }

  get status(): SplitterStatus {
    const { current } = this.#keeper;
    return {
      source: current?.source ?? null,
      checkpoint: current?.seq ?? null,
      readTo: this.#line?.readTo ?? null,
      behindMs: this.#times().behindMs,
      isAway: this.#pulse.isAway,
      problem: this.#told,
      ...this.#counters.values,
    };
  }

  async #begin(): Promise<void> {
    const attempt = ++this.#attempt;
    const isOver = () => attempt !== this.#attempt;
    const { stream, clock } = this.#parts;
    try {
      await this.#keeper.load();
      if (isOver()) return;
      // From here on empty rounds go out, even if the stream's broker is away.
      if (this.#keeper.current !== null) this.#open(this.#keeper.current);
      const { facts, place } = await this.#keeper.judge(() => this.#ask());
      if (isOver()) return;
      this.#open(place);
      this.#loseUpTo(facts.firstSeq - 1);
      const askedMs = clock.monotonicMs();
      const early = new EarlyMessages(this.#sink(attempt));
      const input = await stream.read(place.seq + 1, early);
      if (isOver()) return input.stop();
      this.#input = input;
      // A stream that was made anew since it was judged has the same name.
      if ((await this.#ask()).created !== facts.created) throw new Error(ANOTHER_STREAM);
      if (isOver()) return;
      early.release();
      if (isOver()) return;
      if (input.waiting === 0) this.#nothingWaits(facts, askedMs);
      this.#regulate();
    } catch (error) {
      if (!isOver()) this.#reset(describe(error));
    }
  }

  /** The stream delivers nothing from the checkpoint on: its sequences are lost, unless its own counts say otherwise. */
  #nothingWaits(facts: InputFacts, askedMs: number): void {
    const unread = unreadOf(facts, this.#line?.readTo ?? facts.lastSeq);
    if (unread === null) this.#loseUpTo(facts.lastSeq);
    if (unread === null || unread === 0) this.#ended(askedMs);
  }

  #open(place: Checkpoint): void {
    const { append, clock, timers } = this.#parts;
    const { maker, partitions } = this.#options;
    this.#line?.stop();
    this.#shardClock.begin(place.atMs);
    this.#movedMs = clock.monotonicMs();
    this.#line = new MainLine(place, maker, partitions, {
      append,
      times: () => this.#times(),
      acknowledged: (seq, atMs) => {
        this.#keeper.moved(seq, atMs);
        if (this.#input !== null) this.#told = null;
      },
      moved: () => this.#regulate(),
      failed: (error) => this.#reset(describe(error)),
      counters: this.#counters,
      clock,
      timers,
    });
    this.#line.closedMs = this.#closedMs;
  }

  #sink(attempt: number): InputSink {
    return {
      message: (message) => {
        if (attempt === this.#attempt) this.#take(message);
      },
      ended: (askedMs) => {
        if (attempt === this.#attempt) this.#ended(askedMs);
      },
      broken: (reason) => {
        if (attempt === this.#attempt) this.#reset(reason);
      },
    };
  }

  #take(message: ReadMessage): void {
    const line = this.#line;
    if (line === null) return;
    this.#pulse.heard(message.heardMs);
    this.#movedMs = message.heardMs;
    if (message.seq > line.readTo + 1) this.#loseUpTo(message.seq - 1);
    line.take(message);
    this.#shardClock.read(message, message.heardMs);
  }

  /** The stream held nothing unread at some moment after `askedMs`. */
  #ended(askedMs: number): void {
    const { clock } = this.#parts;
    this.#movedMs = clock.monotonicMs();
    this.#pulse.heard(this.#movedMs);
    this.#shardClock.ended(askedMs, this.#movedMs, clock.nowMs());
  }

  /** The stream holds nothing unread up to `seq`. */
  #loseUpTo(seq: number): void {
    const lost = this.#line?.loseUpTo(seq) ?? 0;
    if (lost > 0)
      this.#log(
        'warn',
        `${lost} messages up to sequence ${seq} are no longer in the stream: counted as lost`,
      );
  }

  /** Reads on while the logs keep up. */
  #regulate(): void {
    if (this.#line !== null) this.#closedMs = this.#line.closedMs;
    if (this.#line?.isFull === true || this.#isHeld) this.#input?.pause();
    else this.#input?.resume();
  }

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#regulate();
  }

  #watch(): void {
    const line = this.#line;
    if (this.#input !== null && this.#pulse.isQuiet) void this.#look();
    if (line === null || line.isFull || !line.isIdle) return;
    const { isAway } = this.#pulse;
    if (isAway) this.#shardClock.lost();
    if (this.#parts.clock.monotonicMs() - line.closedMs >= SPEAK_AFTER_MS) line.close(isAway);
  }

  /** Asks about a stream of which nothing was heard for a moment. */
  async #look(): Promise<void> {
    const line = this.#line;
    const readTo = line?.readTo;
    const askedMs = this.#parts.clock.monotonicMs();
    let facts: InputFacts;
    try {
      facts = await this.#ask();
    } catch {
      return;
    }
    if (line === null || line !== this.#line || line.readTo !== readTo || this.#input === null) return;
    const known = this.#keeper.current?.incarnation.split('#')[0];
    if (facts.lastSeq < line.readTo || facts.created !== known) return this.#reset(ANOTHER_STREAM);
    this.#loseUpTo(facts.firstSeq - 1);
    if (facts.lastSeq === line.readTo) return this.#ended(askedMs);
    const isWaiting = facts.lastSeq > line.readTo && !this.#isHeld && !line.isFull;
    if (isWaiting && this.#parts.clock.monotonicMs() - this.#movedMs > STALLED_AFTER_MS)
      this.#reset('the stream holds messages and the broker delivers none');
  }

  async #ask(): Promise<InputFacts> {
    const facts = await this.#pulse.ask();
    this.#shardClock.heard(facts, this.#parts.clock.monotonicMs());
    return facts;
  }

  #times(): RoundTimes {
    const { clock } = this.#parts;
    return this.#shardClock.times(clock.monotonicMs(), clock.nowMs());
  }

  /** Begins again at the checkpoint, after a rest: a splitter that repeats itself at once would fill the logs. */
  #reset(reason: string): void {
    if (this.#isStopped) return;
    this.#leave();
    this.#counters.restarts++;
    if (this.#told !== reason) this.#log('warn', `${reason}; beginning again at the checkpoint`);
    this.#told = reason;
    this.#rest?.cancel();
    this.#rest = this.#parts.timers.after(REST_MS * (1 + this.#parts.random()), () => void this.#begin());
    // Empty rounds go on.
    if (this.#keeper.current !== null) this.#open(this.#keeper.current);
  }

  #leave(): void {
    this.#attempt++;
    this.#healer.stop();
    this.#isHeld = false;
    this.#input?.stop();
    this.#input = null;
    this.#line?.stop();
    this.#line = null;
    this.#shardClock.lost();
  }

  #log(level: 'info' | 'warn', sentence: string): void {
    this.#parts.log(level, `splitter of ${this.#options.shard}: ${sentence}`);
  }
}
