// Reads the simulated log and the commands for one replica, with the program's own parts: the waiting rounds, the gate of
// commands, the holes, and the watch over silence and shards. It stands for the parts of log-reading.ts and kept-input.ts
// that speak to a broker. Its reader keeps its place in the log when the log loses its end, as a consumer does.

import type { Source } from '../../../src/federation/domain/cluster.ts';
import type { GapRequest } from '../../../src/federation/domain/gap-request.ts';
import { LOG_OVERLAP_ROUNDS } from '../../../src/federation/domain/round.ts';
import { CATCHING_UP_AGE_MS, CatchUp } from '../../../src/federation/sources/catch-up.ts';
import {
  CONTROL_POLL_MS,
  ControlInput,
  type GivenCommand,
} from '../../../src/federation/sources/control-input.ts';
import { Holes } from '../../../src/federation/sources/holes.ts';
import { LogRounds } from '../../../src/federation/sources/log-rounds.ts';
import { LOG_SILENT_AFTER_MS, LogSilence } from '../../../src/federation/sources/log-silence.ts';
import { ShardWatch } from '../../../src/federation/sources/shard-watch.ts';
import { Stall, STALL_AFTER_MS } from '../../../src/federation/sources/stall.ts';
import type { Input, InputSink } from '../../../src/federation/threads/source-loop.ts';
import { awaitedInLog, type WriterPosition } from '../../../src/federation/threads/writer-position.ts';
import type { SimulatedProcess, Surroundings } from './simulated-process.ts';
import type { SimulatedStream } from './simulated-streams.ts';

/** What the input reads, and whom it asks for what is missing. */
export interface LogInputWorld extends Surroundings {
  readonly log: SimulatedStream;
  readonly control: SimulatedStream;
  readonly shards: readonly string[];
  /** False only to show what the gate is for. */
  readonly hasGate: boolean;
  gap(request: GapRequest): void;
  /** A replica has got the round with this sequence. */
  delivered(seq: number): void;
}

const PULL_MS = 40;
const PULL_ROUNDS = 16;
const WATCH_MS = 250;
const AGAIN_MS = 300;

export class SimulatedLogInput implements Input {
  readonly catchUp: CatchUp;
  readonly fault = null;
  readonly reason = null;
  readonly refusals = 0;
  readonly reconnects = 0;
  readonly isConnected = true;
  readonly unreadable = { rounds: 0, commands: 0 };
  readonly #world: LogInputWorld;
  readonly #process: SimulatedProcess;
  readonly #position: WriterPosition;
  readonly #sink: InputSink;
  readonly #rounds: LogRounds;
  readonly #control: ControlInput;
  readonly #holes: Holes;
  readonly #shards: ShardWatch;
  readonly #silence = new LogSilence(LOG_SILENT_AFTER_MS);
  readonly #stop = new AbortController();
  /** Grows when a reading ends. */
  #attempt = 0;
  #isReading = false;
  #isPaused = false;

  constructor(process: SimulatedProcess, world: LogInputWorld, position: WriterPosition, sink: InputSink) {
    this.#world = world;
    this.#process = process;
    this.#position = position;
    this.#sink = sink;
    this.catchUp = new CatchUp(process, new Stall(STALL_AFTER_MS), CATCHING_UP_AGE_MS);
    this.#shards = new ShardWatch(world.shards);
    this.#holes = new Holes(0, (_subject, request) => world.gap(request));
    this.#control = new ControlInput(CONTROL_POLL_MS, {
      clock: process,
      faults: { begin: () => undefined, end: () => undefined },
      commands: (entries, isAll) => position.commands(entries, isAll),
      progressed: () => this.#rounds.pass(),
      malformed: () => this.unreadable.commands++,
      unanswered: () => undefined,
      pause: (ms, signal) => process.pause(ms, signal),
    });
    this.#rounds = new LogRounds({
      mayPass: (arrivedMs) => !world.hasGate || this.#control.covers(arrivedMs),
      opened: (header, { atMs, heardMs, ageMs }) => {
        if (!header.isAway) this.catchUp.newestMs = atMs - header.behindMs;
        this.#shards.heard(header, heardMs, ageMs);
        this.#holes.passed(header);
        sink.round(heardMs);
      },
      entry: (entry) => sink.entry(entry),
      unreadable: () => this.unreadable.rounds++,
      full: () => (this.#isPaused = true),
      roomy: () => {
        this.#silence.begin(process.monotonicMs());
        this.#isPaused = false;
      },
    });
  }

  get isConsuming(): boolean {
    return this.#isReading;
  }

  get isReading(): boolean {
    return this.#isReading;
  }

  get reading(): Input['reading'] {
    return { isMapped: false, isMissing: !this.#shards.isComplete(this.#process.monotonicMs()) };
  }

  committed(seq: number): void {
    this.catchUp.committedSeq = seq;
  }

  pause(): void {
    this.catchUp.isPaused = true;
    this.#rounds.hold();
  }

  resume(): void {
    this.catchUp.isPaused = false;
    this.#rounds.release();
  }

  hole(source: Source, upto: number): void {
    this.#holes.found(source, upto, this.#process.monotonicMs());
  }

  missingCommands(entries: readonly GivenCommand[]): void {
    this.#control.restore(entries);
  }

  async start(): Promise<void> {
    void this.#control.run(this.#world.control.entriesFor(this.#process), this.#stop.signal);
    this.#process.every(WATCH_MS, () => this.#watch());
    void this.#attach();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#attempt++;
  }

  #watch(): void {
    const nowMs = this.#process.monotonicMs();
    this.#holes.remind(nowMs);
    const isWaiting =
      this.#isReading && !this.#isPaused && !this.catchUp.isPaused && this.#rounds.count === 0;
    if (isWaiting && this.#silence.due(nowMs) !== null) this.#again();
    if (this.#isReading && this.#world.random() < this.#world.faults / 50) this.#again();
  }

  /** Reading broke off: the consumer is made anew after a rest. */
  #again(): void {
    this.#attempt++;
    this.#isReading = false;
    this.#rounds.clear();
    this.#sink.lost();
    this.#process.after(AGAIN_MS, () => void this.#attach());
  }

  async #attach(): Promise<void> {
    const attempt = ++this.#attempt;
    const { log } = this.#world;
    try {
      const facts = await this.#process.request(() => log.facts);
      if (attempt !== this.#attempt) return;
      this.#sink.restart();
      const position = await awaitedInLog(this.#position).attachLog(facts);
      if (attempt !== this.#attempt) return;
      const nextSeq = Math.max(1, Math.min(position, facts.lastSeq + 1) - LOG_OVERLAP_ROUNDS);
      this.#silence.attached(facts.lastSeq, this.#process.monotonicMs());
      await this.#process.request(() => undefined);
      if (attempt !== this.#attempt) return;
      this.catchUp.begin(nextSeq, facts.lastSeq, this.catchUp.newestMs);
      this.catchUp.mode = 'jetstream';
      this.#isReading = true;
      this.#sink.begun();
      this.#pull(attempt, nextSeq, log.created);
    } catch {
      if (attempt === this.#attempt) this.#again();
    }
  }

  #pull(attempt: number, nextSeq: number, created: string): void {
    if (attempt !== this.#attempt) return;
    const { log, random } = this.#world;
    // The consumer went with the log; nobody says so.
    const isGone = log.created !== created;
    let next = nextSeq;
    if (!this.#isPaused && !isGone) {
      const found = log.messages
        .filter(({ seq }) => seq >= next)
        .slice(0, 1 + Math.floor(random() * PULL_ROUNDS));
      const heardMs = this.#process.monotonicMs();
      for (const { seq, atMs, bytes } of found) {
        if (attempt !== this.#attempt) return;
        next = seq + 1;
        this.#world.delivered(seq);
        this.catchUp.readSeq = seq;
        this.catchUp.pending = log.lastSeq - seq;
        if (this.#silence.read(seq, heardMs)) this.catchUp.ended(heardMs);
        this.#rounds.add({ payload: bytes, seq, atMs, heardMs, ageMs: 0 });
      }
      if (found.length === 0) {
        this.catchUp.nothingUnread(this.catchUp.brokerNowMs);
        this.#sink.resting();
      }
    }
    this.#process.after(PULL_MS * (1 + random()), () => this.#pull(attempt, next, created));
  }
}
