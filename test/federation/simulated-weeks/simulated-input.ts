// Stands where telemetry.ts, reading.ts and stream-input.ts stand in the program: the connection to the simulated
// broker, and reading from it. The program's own catch-up.ts judges its progress.

import { CATCHING_UP_AGE_MS, CatchUp } from '../../../src/federation/sources/catch-up.ts';
import { STALL_AFTER_MS, Stall } from '../../../src/federation/sources/stall.ts';
import { PING_INTERVAL_MS } from '../../../src/federation/sources/kept-input.ts';
import type { TelemetryParts } from '../../../src/federation/sources/telemetry.ts';
import type { StreamFacts } from '../../../src/federation/domain/stream-facts.ts';
import type { Input } from '../../../src/federation/threads/source-loop.ts';
import type { WriterPosition } from '../../../src/federation/threads/writer-position.ts';
import type { Publication, SimulatedBroker } from './simulated-broker.ts';
import { LATENCY_MS } from './simulated-ports.ts';
import type { SimulatedTime } from './simulated-time.ts';
import type { ReadMessages } from './watched-door.ts';
import type { Witness } from './witness.ts';

export interface SimulatedInputOptions {
  readonly mode: 'jetstream' | 'core';
  /** Messages read from a backlog in 100 ms. */
  readonly backlogPace: number;
}

export interface SimulatedInputParts {
  readonly time: SimulatedTime;
  readonly broker: SimulatedBroker;
  readonly witness: Witness;
  readonly read: ReadMessages;
  readonly position: WriterPosition;
  readonly sink: TelemetryParts;
  /** True while the process can reach the broker. */
  isReachable(): boolean;
  /** How many messages before its position a new consumer begins. */
  overlap(): number;
}

const RETRY_MS = 1000;
/** As in stream-reader.ts: without a message for this time, the consumer counts as gone. */
const SILENCE_MAX_MS = 10_000;

export class SimulatedInput implements Input {
  readonly catchUp: CatchUp;
  readonly reading = { isMapped: false, isMissing: false };
  readonly fault = null;
  readonly refusals = 0;
  readonly reconnects = 0;
  isConsuming = false;
  readonly #options: SimulatedInputOptions;
  readonly #parts: SimulatedInputParts;
  #attempt = 0;
  #isPumping = false;
  #nextRead = 1;

  constructor(options: SimulatedInputOptions, parts: SimulatedInputParts) {
    this.#options = options;
    this.#parts = parts;
    this.catchUp = new CatchUp(parts.sink.clock, new Stall(STALL_AFTER_MS), CATCHING_UP_AGE_MS);
  }

  get isConnected(): boolean {
    return this.#parts.isReachable();
  }

  get isReading(): boolean {
    return this.isConsuming && !(this.catchUp.isPaused && this.#options.mode === 'jetstream');
  }

  get reason(): string | null {
    return this.isConsuming ? null : 'not reading';
  }

  /** It reads, and has read every message. */
  get isAtEnd(): boolean {
    const isEnd = this.#options.mode === 'core' || this.#parts.broker.read(this.#nextRead) === undefined;
    return this.isConsuming && !this.catchUp.isCatchingUp && isEnd;
  }

  start(): Promise<void> {
    const { time, isReachable } = this.#parts;
    time.every(PING_INTERVAL_MS, () => this.#ping());
    if (isReachable()) time.after(LATENCY_MS, () => this.connect());
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#attempt++;
    this.isConsuming = false;
    return Promise.resolve();
  }

  committed(seq: number): void {
    this.catchUp.committedSeq = Math.max(this.catchUp.committedSeq, seq);
  }

  pause(): void {
    this.catchUp.isPaused = true;
    this.catchUp.brokerClock.away();
  }

  resume(): void {
    this.catchUp.isPaused = false;
    this.#pumpSoon();
  }

  /** The broker can be reached. */
  connect(): void {
    if (this.#options.mode === 'jetstream') {
      this.#attach(++this.#attempt);
      return;
    }
    if (!this.#parts.isReachable()) return;
    this.#parts.position.detach();
    this.catchUp.mode = 'core';
    this.isConsuming = true;
    this.#parts.witness.attached(1, 0);
  }

  /** The broker cannot be reached any more. */
  disconnect(): void {
    this.isConsuming = false;
    this.#attempt++;
    this.#parts.sink.lost();
    this.#parts.witness.lost();
  }

  /** A message can be read. */
  published(publication: Publication): void {
    if (!this.isConsuming) return;
    if (this.#options.mode === 'jetstream') this.#pumpSoon();
    else this.#parts.time.after(LATENCY_MS, () => this.#receivePlain(publication));
  }

  #attach(attempt: number): void {
    const { broker, time, position, sink, isReachable } = this.#parts;
    if (!isReachable()) return;
    if (!broker.isServing) {
      time.after(RETRY_MS, () => {
        if (attempt === this.#attempt) this.#attach(attempt);
      });
      return;
    }
    broker.prune();
    const { created, firstSeq, lastSeq } = broker;
    const facts: StreamFacts = { name: 'TRUEBIT_INGEST', created, firstSeq, lastSeq };
    sink.restart();
    position.lastKnown(facts, (known) => {
      if (attempt !== this.#attempt) return;
      const storedAtMs = known === null ? null : broker.storedAtMs(known);
      position.attach(facts, storedAtMs, (nextSeq) => {
        if (attempt === this.#attempt) this.#begin(nextSeq, lastSeq, storedAtMs);
      });
    });
  }

  #begin(nextSeq: number, lastSeq: number, storedAtMs: number | null): void {
    const { broker, witness, overlap } = this.#parts;
    const { catchUp } = this;
    const oldestMs = broker.read(1)?.atMs ?? 0;
    catchUp.begin(nextSeq, lastSeq, Math.max(storedAtMs ?? 0, oldestMs));
    catchUp.brokerClock.away();
    this.#nextRead = Math.max(1, nextSeq - overlap());
    catchUp.pending = Math.max(0, broker.lastSeq - nextSeq + 1);
    if (broker.read(nextSeq) === undefined) this.#nothingWaits(lastSeq);
    catchUp.mode = 'jetstream';
    this.isConsuming = true;
    witness.attached(nextSeq, lastSeq);
    witness.readTo(this.#nextRead);
    this.#pumpSoon();
  }

  #nothingWaits(lastSeq: number): void {
    const { catchUp } = this;
    catchUp.pending = 0;
    if (lastSeq > catchUp.readSeq) {
      this.#parts.position.nothingUpTo(lastSeq);
      catchUp.readSeq = lastSeq;
      catchUp.committedSeq = lastSeq;
    }
    catchUp.targetSeq = catchUp.readSeq;
  }

  #ping(): void {
    const { time, isReachable } = this.#parts;
    if (!isReachable()) return;
    time.after(LATENCY_MS, () => {
      if (isReachable()) this.#answered();
    });
  }

  /** The broker answers a ping. */
  #answered(): void {
    const { witness, sink } = this.#parts;
    if (this.isReading) witness.heard(this.catchUp.isCatchingUp);
    else witness.heldBack();
    sink.heard();
  }

  #pumpSoon(delayMs = LATENCY_MS): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#parts.time.after(delayMs, () => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { broker, isReachable } = this.#parts;
    if (!this.isConsuming || !isReachable()) return;
    if (!broker.isServing) {
      this.#awaitDelivery(this.#attempt);
      return;
    }
    broker.prune();
    for (let left = this.#options.backlogPace; left > 0 && !this.catchUp.isPaused; left--) {
      if (!this.#readNext()) return;
    }
    if (!this.catchUp.isPaused) this.#pumpSoon(100);
  }

  /** False at the end of the stream. */
  #readNext(): boolean {
    const { broker, read, sink, witness } = this.#parts;
    const { catchUp } = this;
    const stored = broker.read(this.#nextRead);
    if (stored === undefined) {
      catchUp.pending = 0;
      catchUp.targetSeq = Math.min(catchUp.targetSeq, catchUp.readSeq);
      return false;
    }
    const { seq, subject, payload, atMs } = stored;
    const heardMs = sink.clock.monotonicMs();
    catchUp.pending = broker.lastSeq - seq;
    catchUp.readSeq = seq;
    catchUp.newestMs = atMs;
    this.#nextRead = seq + 1;
    witness.heard(catchUp.isCatchingUp);
    read.add({ ...stored, streamFirstSeq: broker.firstSeq, mark: witness.mark() });
    witness.readTo(this.#nextRead);
    sink.message({ subject, payload, seq, atMs, heardMs, credential: null });
    return true;
  }

  /** Delivery has stopped: after a while the program notices, and reads again when the broker allows it. */
  #awaitDelivery(attempt: number): void {
    const { broker, time, witness } = this.#parts;
    time.after(SILENCE_MAX_MS, () => {
      if (attempt !== this.#attempt || !this.isConsuming) return;
      if (broker.isServing) {
        this.#pumpSoon();
        return;
      }
      this.isConsuming = false;
      witness.lost();
      this.#attach(++this.#attempt);
    });
  }

  #receivePlain(publication: Publication): void {
    if (!this.isConsuming) return;
    const { time, read, sink, witness } = this.#parts;
    const atMs = sink.clock.nowMs();
    witness.heard(this.catchUp.isCatchingUp);
    const place = { seq: null, atMs, trueMs: time.nowMs, generation: 0, streamFirstSeq: 0 };
    read.add({ ...publication, ...place, mark: witness.mark() });
    const { subject, payload } = publication;
    sink.message({ subject, payload, seq: null, atMs, heardMs: sink.clock.monotonicMs(), credential: null });
  }
}
