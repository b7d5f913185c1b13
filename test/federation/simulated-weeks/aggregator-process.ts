// One aggregator process on simulated time: the parts of the program, wired as app.ts, ingest.ts and source.ts wire
// them, with the broker, the clocks, the timers and the disk replaced. The only file of the simulation that must follow
// when that wiring changes; what it stands in for itself is the connection to NATS (io/ and telemetry.ts).

import Sqlite from 'better-sqlite3';
import { MESSAGE_BYTES_MAX } from '../../../src/federation/domain/decode.ts';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import type { Outcome } from '../../../src/federation/domain/accounting.ts';
import type { NodeSign, NodeTransition } from '../../../src/lifecycle/node-state.ts';
import type { LifecycleThresholds } from '../../../src/lifecycle/lifecycle.ts';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { ObservedClock } from '../../../src/lifecycle/observed-clock.ts';
import { type Batch, readBatch } from '../../../src/federation/sources/batch.ts';
import { Door, FUTURE_TOLERANCE_MS } from '../../../src/federation/ingest/door.ts';
import { Handover } from '../../../src/federation/sources/handover.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { subjectIndex } from '../../../src/federation/sources/subject-index.ts';
import { openReader, type ReadDatabase } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { Committer } from '../../../src/store/committer.ts';
import type { StreamFacts } from '../../../src/federation/store/position.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { readNodesToResume } from '../../../src/federation/workers/nodes.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import type { Publication, SimulatedBroker } from './simulated-broker.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedTime } from './simulated-time.ts';

export interface ProcessOptions {
  readonly mode: 'jetstream' | 'core';
  readonly limits: Limits;
  readonly thresholds: LifecycleThresholds;
  readonly transitionsPerNodeMax: number;
  readonly generationSize: number;
  /** 0: for ever. */
  readonly retentionMs: number;
  /** Between two ticks of statistics; 0: none. */
  readonly tickMs: number;
  /** Longest wait of what comes without a batch, and between two sweeps. */
  readonly soonMs: number;
  readonly sweepMs: number;
  readonly batchTimeMs: number;
  readonly batchMessagesMax: number;
  readonly batchesMax: number;
  /** Messages read from a backlog in 100 ms. */
  readonly backlogPace: number;
}

/** A message as the source read it. */
export interface ReadMessage extends Publication {
  /** Null on plain NATS. */
  readonly seq: number | null;
  readonly atMs: number;
  /** True time when it was sent. */
  readonly trueMs: number;
  /** Which of the broker's streams it was read from; 0 on plain NATS. */
  readonly generation: number;
  /** The stream's first sequence at that moment. */
  readonly streamFirstSeq: number;
  /** What the witness noted when it was read. */
  readonly mark: object;
}

/** A step of retention that rode in a commit. */
export interface Pruning {
  readonly cutoffMs: number;
  readonly rows: number;
}

/** Watches the process from outside and knows the truth. */
export interface Witness {
  /** A moment to be remembered. */
  mark(): object;
  /** The broker was heard; `catchingUp` is what the process thinks. */
  heard(catchingUp: boolean): void;
  /** The process begins to read at `nextSeq`, the stream reaching to `targetSeq`. */
  attached(nextSeq: number, targetSeq: number): void;
  lost(): void;
  /** The broker answered while the process was not reading: its clock stands still. */
  heldBack(): void;
  /** The next sequence that the process will read. */
  readTo(nextSeq: number): void;
  /** The writer took what the source said at `mark`. */
  took(mark: object): void;
  entered(message: ReadMessage, outcome: Outcome, observedMs: number): void;
  /** What the writer has taken so far, for what it now tells main. */
  tell(): object;
  /** An actor decided this, knowing what `told` stands for. */
  decided(fact: NodeTransition, told: object): void;
  /** Whether the node has a row, or will have one with the next commit. */
  knows(nodeId: string): boolean;
  /** The actors have looked for silence, knowing what `told` stands for. */
  swept(told: object): void;
  /** The writer was given a tick's statistics. */
  ticked(tick: TickStatistics): void;
  /** Everything entered so far is on disk, and `facts` with it; `deletionMs` is the time by which rows are deleted. */
  committed(facts: readonly NodeTransition[], pruning: Pruning | null, deletionMs: number): void;
  /** From one snapshot of the ledger. */
  accounted(received: number, sumOfOutcomes: number): void;
}

export interface ProcessParts {
  readonly time: SimulatedTime;
  readonly broker: SimulatedBroker;
  readonly disk: SimulatedDisk;
  readonly path: string;
  readonly witness: Witness;
  /** Our wall clock. */
  wallMs(): number;
  /** True while we can reach the broker. */
  isReachable(): boolean;
  /** How many messages before its position a new consumer begins. */
  overlap(): number;
}

type ToWriter =
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'clock'; readonly observedMs: number }
  | { readonly type: 'ask'; answer(): void };

const PING_INTERVAL_MS = 5000;
const STEP_MAX_MS = 10_000;
const CATCHING_UP_AGE_MS = 10_000;
const RETRY_MS = 1000;
/** As stream-reader.ts has it: nothing for so long, and the consumer is gone. */
const SILENCE_MAX_MS = 10_000;
const LATENCY_MS = 1;
const RESUME_PAGE_NODES = 7;
/** Small filters of hashes: quickly made, and they often say that a row may be there that is not. */
export const PLACES_LOG2 = 8;
const indexOf = subjectIndex(false);

export class AggregatorProcess {
  /** States of nodes by the actors' count; forgotten nodes have none. */
  readonly supervisor: Supervisor;
  readonly #options: ProcessOptions;
  readonly #parts: ProcessParts;
  readonly #startedMs: number;
  readonly #writer: FederationWriter;
  readonly #reader: ReadDatabase;
  readonly #query: StatisticsQuery;
  readonly #ledger = new Ledger();
  readonly #door: Door;
  readonly #clock: ObservedClock;
  readonly #committer: Committer;
  readonly #handover: Handover;
  readonly #inbox: { readonly message: ToWriter; readonly mark: object }[] = [];
  readonly #waiting: { readonly message: ToWriter; readonly mark: object }[] = [];
  readonly #bySeq = new Map<number, ReadMessage>();
  readonly #bySubject = new Map<number, ReadMessage[]>();
  #givenFacts: NodeTransition[] = [];
  #merged: Batch | null = null;
  #isWriterBusy = false;
  #observedMs: number;
  #told: object;
  #attempt = 0;
  #isReading = false;
  #isPumping = false;
  #isPaused = false;
  #isClosed = false;
  // As telemetry.ts has them.
  #hasAttached = false;
  #nextRead = 1;
  #readSeq = 0;
  #committedSeq = 0;
  #targetSeq = 0;
  #pending = 0;
  #newestMs = 0;

  constructor(options: ProcessOptions, parts: ProcessParts) {
    this.#options = options;
    this.#parts = parts;
    this.#startedMs = parts.time.nowMs;
    const database = openFederationWriter(parts.path);
    parts.disk.serve(database);
    const { limits, generationSize, transitionsPerNodeMax, retentionMs } = options;
    const { offlineAfterMs } = options.thresholds;
    this.#writer = new FederationWriter(
      database,
      {
        limits,
        offlineAfterMs,
        generationSize,
        transitionsPerNodeMax,
        retentionMs,
        placesLog2: PLACES_LOG2,
      },
      'simulated',
    );
    this.#reader = openReader(parts.path);
    this.#query = new StatisticsQuery(this.#reader);
    this.#observedMs = this.#writer.observedMs;
    this.#told = parts.witness.tell();
    this.#clock = new ObservedClock(this.#writer.observedMs, STEP_MAX_MS);
    this.#door = new Door(
      {
        ledger: this.#ledger,
        authenticate: () => null,
        apply: (signal, moment) => this.#writer.applyNext(signal, moment),
        take: (seq, atMs) => this.#writer.position.take(seq, atMs),
        count: (outcome) => this.#writer.position.count(outcome),
      },
      FUTURE_TOLERANCE_MS,
    );
    this.supervisor = new Supervisor(options.thresholds, {
      facts: (facts) => this.#decided(facts),
      failed({ error }) {
        throw new Error('a node actor failed', { cause: error });
      },
    });
    this.#committer = new Committer(
      { timeMaxMs: options.soonMs, retryMs: RETRY_MS },
      {
        commit: () => this.#commit(),
        failed: (error) => {
          // What the witness has to say is no trouble of the disk.
          if (!(error instanceof Sqlite.SqliteError)) throw error;
        },
        recovered: () => {
          while (!this.#committer.isFailing) {
            const next = this.#waiting.shift();
            if (next === undefined) return;
            this.#hear(next.message, next.mark);
          }
        },
      },
    );
    this.#handover = new Handover(
      {
        batchMessagesMax: options.batchMessagesMax,
        batchBytesMax: 1_048_576,
        idleTimeMs: options.batchTimeMs / 2,
        batchTimeMs: options.batchTimeMs,
        batchesMax: options.batchesMax,
        backlogBytesMax: Infinity,
      },
      {
        send: (batch) => this.#tell({ type: 'batch', batch }),
        mayShed: () => options.mode === 'core',
        full: () => {
          this.#isPaused = true;
        },
        roomy: () => {
          this.#isPaused = false;
          this.#pumpSoon();
        },
        shed: () => undefined,
      },
    );
    parts.time.as(this, () => this.#start());
  }

  /** Nothing waits anywhere between the broker and the disk. */
  get isQuiet(): boolean {
    return (
      this.#isReading &&
      !this.#isCatchingUp &&
      (this.#options.mode === 'core' || this.#parts.broker.read(this.#nextRead) === undefined) &&
      this.#handover.isEmpty &&
      this.#inbox.length === 0 &&
      this.#waiting.length === 0 &&
      this.#givenFacts.length === 0 &&
      !this.#committer.isFailing
    );
  }

  /** No pass of retention or thinning is under way. */
  get isTidy(): boolean {
    const { pruned, isThinned } = this.#writer.lastCommit;
    return pruned?.isPassOver !== false && isThinned !== false;
  }

  /** Why it is not quiet, for a message about it. */
  describe(): string {
    return JSON.stringify({
      isReading: this.#isReading,
      isPaused: this.#isPaused,
      isCatchingUp: this.#isCatchingUp,
      pending: this.#pending,
      nextRead: this.#nextRead,
      committedSeq: this.#committedSeq,
      targetSeq: this.#targetSeq,
      lastSeq: this.#parts.broker.lastSeq,
      handoverIsEmpty: this.#handover.isEmpty,
      inbox: this.#inbox.length,
      waiting: this.#waiting.length,
      isFailing: this.#committer.isFailing,
    });
  }

  /** Nodes ever seen, as told to main. */
  get totalNodes(): number {
    return this.#writer.totalNodes;
  }

  /** The link to the broker went down or came up. */
  linkChanged(isUp: boolean): void {
    const { time } = this.#parts;
    time.as(this, () => void time.after(LATENCY_MS, () => (isUp ? this.#connect() : this.#disconnect())));
  }

  /** A message can be read. */
  published(publication: Publication): void {
    const { time } = this.#parts;
    if (!this.#isReading) return;
    time.as(this, () => {
      if (this.#options.mode === 'jetstream') this.#pumpSoon();
      else time.after(LATENCY_MS, () => this.#receivePlain(publication));
    });
  }

  /** kill -9: what is not on disk is gone. */
  kill(): void {
    this.#close();
  }

  /** An orderly end: reads no more, takes what was read (plain NATS), commits, closes. */
  stop(): void {
    const { time } = this.#parts;
    time.as(this, () => {
      this.#attempt++;
      this.#isReading = false;
      if (this.#options.mode === 'jetstream') this.#handover.discard();
      else this.#handover.flush();
      this.#handover.stop();
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift())
        this.#hear(next.message, next.mark);
      this.#committer.flush();
      this.#committer.stop();
    });
    this.#close();
  }

  /** What the writer tells main every second, upon which it looks for nodes that have been silent for too long. */
  sendSnapshot(): void {
    const { time } = this.#parts;
    const observedMs = this.#observedMs;
    const told = this.#parts.witness.tell();
    const sweep = () => {
      this.#told = told;
      this.supervisor.sweep({ nowMs: this.#parts.wallMs(), observedMs });
      this.#parts.witness.swept(told);
    };
    time.as(this, () => void time.after(LATENCY_MS, sweep));
  }

  /** Commits what waits for company, as its timer would. */
  flush(): void {
    this.#parts.time.as(this, () => this.#committer.flush());
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.time.end(this);
    this.supervisor.stop();
    this.#parts.disk.abandon();
    this.#reader.close();
    this.#writer.close();
  }

  #start(): void {
    const { time } = this.#parts;
    let afterNumber = 0;
    for (;;) {
      const signs = readNodesToResume(this.#reader, afterNumber, RESUME_PAGE_NODES);
      const last = signs.at(-1);
      if (last === undefined) break;
      this.#tellMain(signs);
      afterNumber = last.number;
    }
    if (this.#options.tickMs > 0) this.#every(this.#options.tickMs, () => this.#tick());
    this.#every(PING_INTERVAL_MS, () => this.#ping());
    this.#every(this.#options.sweepMs, () => this.sendSnapshot());
    if (this.#parts.isReachable()) time.after(LATENCY_MS, () => this.#connect());
  }

  #every(intervalMs: number, run: () => void): void {
    this.#parts.time.after(intervalMs, () => {
      run();
      this.#every(intervalMs, run);
    });
  }

  // The source thread

  get #isCatchingUp(): boolean {
    if (!this.#hasAttached) return true;
    if (this.#options.mode === 'core') return false;
    if (this.#committedSeq < this.#targetSeq) return true;
    return (
      (this.#pending > 0 || this.#isPaused) && this.#parts.wallMs() - this.#newestMs > CATCHING_UP_AGE_MS
    );
  }

  #connect(): void {
    if (this.#options.mode === 'core') {
      if (!this.#parts.isReachable()) return;
      this.#tell({ type: 'ask', answer: () => this.#writer.position.detach() });
      this.#hasAttached = true;
      this.#isReading = true;
      this.#parts.witness.attached(1, 0);
      return;
    }
    this.#attach(++this.#attempt);
  }

  #disconnect(): void {
    this.#isReading = false;
    this.#attempt++;
    this.#clock.lost();
    this.#parts.witness.lost();
  }

  #attach(attempt: number): void {
    const { broker, time, witness } = this.#parts;
    if (!this.#parts.isReachable()) return;
    if (!broker.isServing) {
      time.after(RETRY_MS, () => {
        if (attempt === this.#attempt) this.#attach(attempt);
      });
      return;
    }
    broker.prune();
    const { created, firstSeq, lastSeq } = broker;
    const facts: StreamFacts = { name: 'TRUEBIT_INGEST', created, firstSeq, lastSeq };
    this.#handover.discard();
    const { position } = this.#writer;
    /** The writer does it in its turn, and its answer comes back a moment later. */
    const ask = (answer: () => void, then: () => void) =>
      this.#tell({
        type: 'ask',
        answer: () => {
          answer();
          time.after(LATENCY_MS, () => {
            if (attempt === this.#attempt) then();
          });
        },
      });
    const begin = () => {
      const nextSeq = position.nextSeq ?? 1;
      this.#targetSeq = lastSeq;
      this.#readSeq = nextSeq - 1;
      this.#committedSeq = nextSeq - 1;
      this.#nextRead = Math.max(1, nextSeq - this.#parts.overlap());
      this.#pending = Math.max(0, broker.lastSeq - nextSeq + 1);
      if (broker.read(nextSeq) === undefined) {
        this.#pending = 0;
        this.#tell({ type: 'ask', answer: () => position.nothingUpTo(lastSeq) });
        this.#targetSeq = this.#readSeq;
      }
      this.#hasAttached = true;
      this.#isReading = true;
      witness.attached(nextSeq, lastSeq);
      witness.readTo(this.#nextRead);
      this.#pumpSoon();
    };
    let known: number | null = null;
    ask(
      () => {
        known = position.lastKnown(facts)?.seq ?? null;
      },
      () => {
        const storedAtMs = known === null ? null : broker.storedAtMs(known);
        ask(() => position.attach(facts, storedAtMs), begin);
      },
    );
  }

  #ping(): void {
    const { time, witness } = this.#parts;
    if (!this.#parts.isReachable()) return;
    time.after(LATENCY_MS, () => {
      if (!this.#parts.isReachable()) return;
      // A message may be waiting that is not read: then time passes for nobody.
      if (!this.#isReading || (this.#isPaused && this.#options.mode === 'jetstream')) {
        this.#clock.lost();
        witness.heldBack();
        return;
      }
      this.#heardBroker();
      if (this.#handover.waitingBytes === 0) this.#tell({ type: 'clock', observedMs: this.#clock.nowMs });
    });
  }

  #heardBroker(): void {
    const isCatchingUp = this.#isCatchingUp;
    this.#clock.heard(this.#parts.time.nowMs - this.#startedMs, isCatchingUp);
    this.#parts.witness.heard(isCatchingUp);
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
    const { broker, witness } = this.#parts;
    if (!this.#isReading || !this.#parts.isReachable()) return;
    if (!broker.isServing) {
      this.#awaitDelivery(this.#attempt);
      return;
    }
    broker.prune();
    for (let left = this.#options.backlogPace; left > 0 && !this.#isPaused; left--) {
      const stored = broker.read(this.#nextRead);
      if (stored === undefined) {
        this.#pending = 0;
        this.#targetSeq = Math.min(this.#targetSeq, this.#readSeq);
        return;
      }
      const { seq, atMs, generation } = stored;
      this.#pending = broker.lastSeq - seq;
      this.#readSeq = seq;
      this.#nextRead = seq + 1;
      this.#newestMs = atMs;
      this.#heardBroker();
      const message = { ...stored, atMs, generation, streamFirstSeq: broker.firstSeq, mark: witness.mark() };
      this.#bySeq.set(seq, message);
      witness.readTo(this.#nextRead);
      this.#handOver(message);
    }
    if (!this.#isPaused) this.#pumpSoon(100);
  }

  /** Delivery has stopped: after a while that is noticed, and reading begins anew when the broker lets it. */
  #awaitDelivery(attempt: number): void {
    const { broker, time, witness } = this.#parts;
    time.after(SILENCE_MAX_MS, () => {
      if (attempt !== this.#attempt || !this.#isReading) return;
      if (broker.isServing) {
        this.#pumpSoon();
        return;
      }
      this.#isReading = false;
      witness.lost();
      this.#attach(++this.#attempt);
    });
  }

  #receivePlain(publication: Publication): void {
    if (!this.#isReading) return;
    const atMs = Math.floor(this.#parts.wallMs());
    this.#heardBroker();
    const message = {
      ...publication,
      atMs,
      trueMs: this.#parts.time.nowMs,
      seq: null,
      generation: 0,
      streamFirstSeq: 0,
      mark: this.#parts.witness.mark(),
    };
    const subject = indexOf(publication.subject);
    const queue = this.#bySubject.get(subject);
    if (queue === undefined) this.#bySubject.set(subject, [message]);
    else queue.push(message);
    this.#handOver(message);
  }

  #handOver({ subject, payload, atMs, seq }: ReadMessage): void {
    this.#handover.add({
      subject: indexOf(subject),
      payload: payload.length > MESSAGE_BYTES_MAX ? payload.subarray(0, MESSAGE_BYTES_MAX + 1) : payload,
      atMs,
      seq,
      observedMs: this.#clock.nowMs,
    });
  }

  // The ingest thread

  #tell(message: ToWriter): void {
    this.#inbox.push({ message, mark: this.#parts.witness.mark() });
    this.#writeSoon();
  }

  #writeSoon(): void {
    const next = this.#inbox[0];
    if (next === undefined || this.#isWriterBusy) return;
    this.#isWriterBusy = true;
    const delayMs = next.message.type === 'batch' ? this.#parts.disk.delayMs : 0;
    this.#parts.time.after(LATENCY_MS + delayMs, () => {
      this.#isWriterBusy = false;
      const due = this.#inbox.shift();
      if (due !== undefined) this.#hear(due.message, due.mark);
      this.#writeSoon();
    });
  }

  #hear(message: ToWriter, mark: object): void {
    if (this.#committer.isFailing) {
      this.#waiting.push({ message, mark });
      return;
    }
    const { witness } = this.#parts;
    switch (message.type) {
      case 'batch': {
        const nowMs = Math.floor(this.#parts.wallMs());
        readBatch(message.batch, (entry) => {
          this.#observedMs = entry.observedMs;
          const read =
            entry.seq === null ? this.#bySubject.get(entry.subject)?.shift() : this.#bySeq.get(entry.seq);
          if (read === undefined) throw new Error('a message came out of a batch that was never read');
          witness.took(read.mark);
          witness.entered(read, this.#door.enter(entry, nowMs), entry.observedMs);
        });
        this.#merged = message.batch;
        this.#committer.flush();
        return;
      }
      case 'clock':
        this.#observedMs = message.observedMs;
        witness.took(mark);
        this.#committer.soon();
        return;
      case 'ask':
        message.answer();
        this.#committer.soon();
        return;
    }
  }

  #commit(): void {
    const { time, witness } = this.#parts;
    const nowMs = Math.floor(this.#parts.wallMs());
    this.#writer.housekeep(nowMs, time.nowMs - this.#startedMs);
    const { deletionMs } = this.#writer;
    const signs = this.#writer.commit(nowMs, this.#observedMs);
    this.#ledger.committed(nowMs, 0);
    const facts = this.#givenFacts;
    this.#givenFacts = [];
    const { pruned } = this.#writer.lastCommit;
    const cutoffMs = deletionMs - this.#options.retentionMs;
    witness.committed(facts, pruned === null ? null : { cutoffMs, rows: pruned.rows }, deletionMs);
    const observedMs = this.#observedMs;
    const told = witness.tell();
    const { gone } = this.#writer.lastCommit;
    time.after(LATENCY_MS, () => {
      this.supervisor.gone(gone);
      this.#told = told;
      this.#tellMain(signs, observedMs);
    });
    this.sendSnapshot();
    this.#account();
    const batch = this.#merged;
    this.#merged = null;
    if (batch === null) return;
    const committedSeq = (this.#writer.position.nextSeq ?? 1) - 1;
    time.after(LATENCY_MS, () => {
      this.#committedSeq = Math.max(this.#committedSeq, committedSeq);
      this.#handover.giveBack(batch);
    });
  }

  #account(): void {
    const { received, outcomes, inFlight } = this.#ledger.snapshot({
      lost: 0,
      disagreements: 0,
      unknownLabels: [],
    });
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    this.#parts.witness.accounted(
      sum(received),
      Object.values(outcomes).reduce((total, counts) => total + sum(counts), inFlight),
    );
  }

  // The main thread

  /** As app.ts and ticker.ts have it: none while catching up, and what was read from committed rows goes to the writer. */
  #tick(): void {
    if (this.#isCatchingUp) return;
    const tick = this.#query.run(Math.floor(this.#parts.wallMs()));
    this.#parts.time.after(LATENCY_MS, () => {
      this.#writer.statistics(tick);
      this.#parts.witness.ticked(tick);
      this.#committer.soon();
    });
  }

  #tellMain(signs: readonly NodeSign[], observedMs = this.#observedMs): void {
    this.supervisor.heard(signs, { nowMs: this.#parts.wallMs(), observedMs });
  }

  #decided(facts: readonly NodeTransition[]): void {
    for (const fact of facts) this.#parts.witness.decided(fact, this.#told);
    this.#parts.time.as(this, () => {
      this.#parts.time.after(LATENCY_MS, () => {
        for (const fact of facts) this.#writer.transition(fact);
        // Of a node whose row went meanwhile nothing is stored, also if its id comes back before the commit.
        this.#givenFacts.push(...facts.filter(({ nodeId }) => this.#parts.witness.knows(nodeId)));
        this.#committer.soon();
      });
    });
  }
}
