// One aggregator process on simulated time: the loops of the ingest and the source thread as the program runs them,
// with the broker, the clocks, the timers, the ports and the disk replaced. Of main it has the supervisor and the tick
// alone.

import { Supervisor } from '../../../src/actors/supervisor.ts';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { RevertibleWriter } from '../../../src/federation/store/revertible-writer.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { doorParts } from '../../../src/federation/threads/ingest-door.ts';
import { IngestLoop } from '../../../src/federation/threads/ingest-loop.ts';
import type { IngestToMain } from '../../../src/federation/threads/messages.ts';
import { SourceLoop } from '../../../src/federation/threads/source-loop.ts';
import { readNodesToResume } from '../../../src/federation/workers/nodes.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import type { ThreadClock } from '../../../src/lib/clock.ts';
import type { LifecycleThresholds } from '../../../src/lifecycle/lifecycle.ts';
import type { NodeSign, NodeTransition } from '../../../src/lifecycle/node-state.ts';
import { DatabaseFiles } from '../../../src/store/database-files.ts';
import { openReader, type ReadDatabase } from '../../../src/store/database.ts';
import type { Publication, SimulatedBroker } from './simulated-broker.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedInput } from './simulated-input.ts';
import { LATENCY_MS, SimulatedPorts } from './simulated-ports.ts';
import type { SimulatedTime } from './simulated-time.ts';
import { type DoorWitness, ReadMessages, WatchedDoor } from './watched-door.ts';
import type { Witness } from './witness.ts';

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
  /** Longest wait of a message without a batch, and between two sweeps. */
  readonly soonMs: number;
  readonly sweepMs: number;
  readonly batchTimeMs: number;
  readonly batchMessagesMax: number;
  readonly batchesMax: number;
  /** Messages read from a backlog in 100 ms. */
  readonly backlogPace: number;
}

export interface ProcessParts {
  readonly time: SimulatedTime;
  readonly broker: SimulatedBroker;
  readonly disk: SimulatedDisk;
  readonly path: string;
  readonly witness: Witness;
  /** The wall clock of the process. */
  wallMs(): number;
  /** True while the process can reach the broker. */
  isReachable(): boolean;
  /** How many messages before its position a new consumer begins. */
  overlap(): number;
}

const RESUME_PAGE_NODES = 7;
/** Shorter than in the program, so that rows are pruned and thinned in time. */
const HOUSEKEEPING_REST_MS = 60_000;
/** Small filters of hashes: quick to make, and they often report a row that does not exist. */
export const PLACES_LOG2 = 8;

export class AggregatorProcess {
  /** States of nodes by the actors' count; forgotten nodes have none. */
  readonly supervisor: Supervisor;
  readonly #options: ProcessOptions;
  readonly #parts: ProcessParts;
  readonly #clock: ThreadClock;
  readonly #writer: RevertibleWriter;
  readonly #reader: ReadDatabase;
  readonly #query: StatisticsQuery;
  readonly #ports: SimulatedPorts;
  readonly #ingest: IngestLoop;
  readonly #source: SourceLoop;
  readonly #input: SimulatedInput;
  /** The mark of the witness when the observed clock of the source showed this, in a reading or with a message. */
  readonly #readings = new Map<number, object>();
  /** Transitions that the writer was given and has not committed. */
  #givenFacts: NodeTransition[] = [];
  /** The latest reported reason why the writer cannot store. */
  #problem: string | null = null;
  #told: object;
  /** The observed clock as main was told last. */
  #toldMs = 0;
  #isClosed = false;

  constructor(options: ProcessOptions, parts: ProcessParts) {
    const { time, path, witness, disk, wallMs } = parts;
    this.#options = options;
    this.#parts = parts;
    const startedMs = time.nowMs;
    this.#clock = {
      nowMs: () => Math.floor(wallMs()),
      monotonicMs: () => time.nowMs - startedMs,
      sharedMs: () => time.nowMs,
    };
    const database = openFederationWriter(path);
    disk.serve(database);
    this.#writer = new RevertibleWriter(
      (id) => new FederationWriter(database, this.#writerOptions(), id ?? 'simulated'),
    );
    this.#reader = openReader(path);
    this.#query = new StatisticsQuery(this.#reader);
    this.#told = witness.tell();
    this.supervisor = new Supervisor(options.thresholds, {
      facts: (facts) => this.#decided(facts),
      failed: ({ error }) => time.fail(error),
    });
    this.#ports = new SimulatedPorts(time, disk, (message) => {
      if (message.type === 'clock') this.#readings.set(message.observedMs, witness.mark());
    });
    const read = new ReadMessages();
    this.#ingest = this.#createIngest(new DatabaseFiles(path, database, this.#clock.monotonicMs), read);
    [this.#source, this.#input] = this.#createSource(read);
    time.as(this, () => this.#start());
  }

  /** No message waits between the broker and the disk. */
  get isQuiet(): boolean {
    return (
      this.#input.isAtEnd &&
      this.#source.isEmpty &&
      this.#ports.isIdle &&
      this.#givenFacts.length === 0 &&
      this.#problem === null
    );
  }

  /** No pass of retention or thinning is under way. */
  get isTidy(): boolean {
    const { pruned, isThinned } = this.#writer.current.lastCommit;
    return pruned?.isPassOver !== false && isThinned !== false;
  }

  /** The reasons why it is not quiet, for an error message. */
  describe(): string {
    const { catchUp, isReading, isAtEnd } = this.#input;
    const { targetSeq, readSeq, committedSeq, pending, isPaused, isCatchingUp } = catchUp;
    return JSON.stringify({
      isReading,
      isAtEnd,
      isPaused,
      isCatchingUp,
      pending,
      readSeq,
      committedSeq,
      targetSeq,
      lastSeq: this.#parts.broker.lastSeq,
      isHandedOver: this.#source.isEmpty,
      isIdle: this.#ports.isIdle,
      givenFacts: this.#givenFacts.length,
      problem: this.#problem,
    });
  }

  /** Nodes ever seen, as reported to main. */
  get totalNodes(): number {
    return this.#writer.current.totalNodes;
  }

  /** The link to the broker went down or came up. */
  linkChanged(isUp: boolean): void {
    const { time } = this.#parts;
    const change = () => (isUp ? this.#input.connect() : this.#input.disconnect());
    time.as(this, () => void time.after(LATENCY_MS, change));
  }

  /** A message can be read. */
  published(publication: Publication): void {
    this.#parts.time.as(this, () => this.#input.published(publication));
  }

  /** kill -9: everything that is not on disk is lost. */
  kill(): void {
    this.#close();
  }

  /** An orderly end: stops reading, takes the messages already read (plain NATS), commits, closes. */
  stop(): void {
    const { time } = this.#parts;
    time.as(this, () => {
      void this.#input.stop();
      this.#source.restart();
      this.#source.flush();
      this.#ports.deliver();
      void this.#ingest.stop();
    });
    this.#close();
    time.check();
  }

  /** The writer's report to main every second, after which main looks for nodes that have been silent for too long. */
  sendSnapshot(): void {
    this.#parts.time.as(this, () => this.#ingest.report());
  }

  /** Commits the waiting messages, as the timer would. */
  flush(): void {
    this.#parts.time.as(this, () => this.#ingest.flush());
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.time.end(this);
    this.supervisor.stop();
    this.#parts.disk.abandon();
    this.#reader.close();
    this.#writer.current.close();
  }

  #writerOptions() {
    const { limits, generationSize, transitionsPerNodeMax, retentionMs, thresholds } = this.#options;
    const { offlineAfterMs } = thresholds;
    return {
      limits,
      offlineAfterMs,
      generationSize,
      transitionsPerNodeMax,
      retentionMs,
      placesLog2: PLACES_LOG2,
    };
  }

  #createIngest(files: DatabaseFiles, read: ReadMessages): IngestLoop {
    const { time, path, disk, witness } = this.#parts;
    const ledger = new Ledger();
    const ingest = new IngestLoop(
      {
        path,
        commitSoonMs: this.#options.soonMs,
        snapshotIntervalMs: this.#options.sweepMs,
        housekeepingRestMs: HOUSEKEEPING_REST_MS,
        seams: {},
      },
      {
        writer: this.#writer,
        identity: { salt: '', statisticsKey: { x: '', d: '' } },
        door: new WatchedDoor(doorParts(this.#writer, ledger, false), read, this.#guard(witness)),
        ledger,
        files,
        disk: { room: () => disk.room, sizeBytes: () => 0 },
        clock: this.#clock,
        timers: time,
        beforeCommit: () => undefined,
        send: (message) => this.#fromIngest(message),
      },
    );
    ingest.connect(this.#ports.ofIngest);
    return ingest;
  }

  #createSource(read: ReadMessages): [SourceLoop, SimulatedInput] {
    const { mode, backlogPace, batchMessagesMax, batchTimeMs, batchesMax, sweepMs } = this.#options;
    const { time, broker, witness, isReachable, overlap } = this.#parts;
    const inputs: SimulatedInput[] = [];
    const source = new SourceLoop(
      {
        observedMs: this.#writer.current.observedMs,
        handover: {
          batchMessagesMax,
          batchBytesMax: 1_048_576,
          idleTimeMs: batchTimeMs / 2,
          batchTimeMs,
          batchesMax,
          backlogBytesMax: Infinity,
        },
        reportIntervalMs: sweepMs,
      },
      {
        clock: this.#clock,
        timers: time,
        ingest: this.#ports.ofSource,
        createInput: (position, sink) => {
          const parts = { time, broker, witness, read, position, sink, isReachable, overlap };
          const input = new SimulatedInput({ mode, backlogPace }, parts);
          inputs.push(input);
          return input;
        },
        send: () => undefined,
      },
    );
    const [input] = inputs;
    if (input === undefined) throw new Error('the source made no input');
    return [source, input];
  }

  #start(): void {
    let afterNumber = 0;
    for (;;) {
      const signs = readNodesToResume(this.#reader, afterNumber, RESUME_PAGE_NODES);
      const last = signs.at(-1);
      if (last === undefined) break;
      this.#tellMain(signs, this.#writer.current.observedMs);
      afterNumber = last.number;
    }
    if (this.#options.tickMs > 0) this.#parts.time.every(this.#options.tickMs, () => this.#tick());
    void this.#ingest.start();
    void this.#source.start();
  }

  // What the ingest thread tells main

  #fromIngest(message: IngestToMain): void {
    const { type } = message;
    if (type === 'committed') this.#guarded(() => this.#committed(message));
    if (type === 'snapshot') this.#guarded(() => this.#snapshot(message));
    if (type === 'failed') this.#parts.time.fail(new Error(`the process gives up: ${message.sentence}`));
  }

  #committed({ signs, gone, observedMs }: Extract<IngestToMain, { type: 'committed' }>): void {
    const { time, witness } = this.#parts;
    const { deletionMs, lastCommit } = this.#writer.current;
    this.#toldReading(observedMs);
    const facts = this.#givenFacts;
    this.#givenFacts = [];
    const { pruned } = lastCommit;
    const cutoffMs = deletionMs - this.#options.retentionMs;
    const pruning = pruned === null ? null : { cutoffMs, rows: pruned.rows };
    // A new writer has read no clock, and reads none while retention and thinning rest.
    witness.committed(facts, pruning, Number.isFinite(deletionMs) ? deletionMs : null);
    const told = witness.tell();
    time.after(LATENCY_MS, () => {
      this.supervisor.gone(gone);
      this.#told = told;
      this.#tellMain(signs, observedMs);
    });
  }

  #snapshot({ accounts, status, observedMs }: Extract<IngestToMain, { type: 'snapshot' }>): void {
    const { time, witness } = this.#parts;
    this.#toldReading(observedMs);
    this.#problem = status.databaseProblem;
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    const outcomes = Object.values(accounts.outcomes).reduce((total, counts) => total + sum(counts), 0);
    witness.accounted(sum(accounts.received), outcomes + accounts.inFlight);
    const told = witness.tell();
    time.after(LATENCY_MS, () => {
      this.#told = told;
      this.supervisor.sweep({ nowMs: this.#clock.nowMs(), observedMs });
      witness.swept(told);
    });
  }

  /** The writer tells main this reading of the clock; it will never tell an earlier one. */
  #toldReading(observedMs: number): void {
    if (observedMs < this.#toldMs)
      throw new Error(`the observed clock went back from ${this.#toldMs} to ${observedMs}`);
    this.#toldMs = observedMs;
    const mark = this.#readings.get(observedMs);
    if (mark !== undefined) this.#parts.witness.took(mark);
    for (const readingMs of this.#readings.keys())
      if (readingMs < observedMs) this.#readings.delete(readingMs);
  }

  // The main thread

  /** As main.ts and ticker.ts have it: no tick while catching up, and statistics of committed rows go to the writer. */
  #tick(): void {
    if (this.#input.catchUp.isCatchingUp) return;
    const tick = this.#query.run(this.#clock.nowMs());
    this.#parts.time.after(LATENCY_MS, () => {
      this.#parts.witness.ticked(tick);
      this.#ingest.receive({ type: 'statistics', tick });
    });
  }

  #tellMain(signs: readonly NodeSign[], observedMs: number): void {
    this.supervisor.heard(signs, { nowMs: this.#clock.nowMs(), observedMs });
  }

  #decided(facts: readonly NodeTransition[]): void {
    const { time, witness } = this.#parts;
    for (const fact of facts) witness.decided(fact, this.#told);
    time.as(this, () => {
      time.after(LATENCY_MS, () => {
        // A transition of a node whose row was deleted meanwhile is not stored, even if its id comes back before the
        // commit.
        this.#givenFacts.push(...facts.filter(({ nodeId }) => witness.knows(nodeId)));
        this.#ingest.receive({ type: 'transitions', facts });
      });
    });
  }

  /** The program takes an error inside a commit for a defect of a message, but an error of the witness is not one. */
  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.#parts.time.fail(error);
      throw error;
    }
  }

  #guard(witness: Witness): DoorWitness {
    return {
      entered: (message, outcome, observedMs) => {
        this.#readings.set(observedMs, message.mark);
        this.#guarded(() => witness.entered(message, outcome, observedMs));
      },
      forgot: () => this.#guarded(() => witness.forgot()),
    };
  }
}
