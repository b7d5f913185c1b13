// One replica of the simulated cluster: the real source loop, ingest loop and writer over a real file, and the real ticker
// behind a fence. It can die at any moment with everything that is not committed; its file stays.

import type { openFencedStream } from '../../../src/io/fenced-stream.ts';
import { Lease } from '../../../src/io/lease.ts';
import type { NatsConnection } from '../../../src/io/nats.ts';
import { createSigner } from '../../../src/lib/ed25519.ts';
import { DatabaseFiles } from '../../../src/store/database-files.ts';
import { type Database, openReader, type ReadDatabase } from '../../../src/store/database.ts';
import type { AskQuestion, AskReply } from '../../../src/federation/cluster/ask-wire.ts';
import { ClusterTicker } from '../../../src/federation/cluster/cluster-ticker.ts';
import { StatsReader } from '../../../src/federation/cluster/stats-reader.ts';
import { CLUSTER_SUBJECTS, type ReplicaPosition } from '../../../src/federation/domain/cluster.ts';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import {
  NOTHING_PUBLISHED,
  rememberTick,
  type WholeTick,
} from '../../../src/federation/domain/published-tick.ts';
import { Door } from '../../../src/federation/ingest/door.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { FencedPublisher } from '../../../src/federation/sinks/fenced-publisher.ts';
import { HANDOVER } from '../../../src/federation/sources/handover.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { RevertibleWriter } from '../../../src/federation/store/revertible-writer.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { doorParts } from '../../../src/federation/threads/ingest-door.ts';
import { IngestLoop } from '../../../src/federation/threads/ingest-loop.ts';
import type { IngestToSource, SourceToIngest } from '../../../src/federation/threads/messages.ts';
import { SourceLoop } from '../../../src/federation/threads/source-loop.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { type LogInputWorld, SimulatedLogInput } from './simulated-log-input.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedRecords, SimulatedStats } from './simulated-streams.ts';

/** PUBLISH_INTERVAL of the simulated cluster, in ms. */
export const TICK_MS = 5_000;
/** The way of a message from one thread to another, in ms. */
const THREADS_MS = 1;
const COMMIT_SOON_MS = 250;
const HOUR_MS = 3_600_000;

export interface ReplicaWorld extends LogInputWorld {
  readonly records: SimulatedRecords;
  readonly stats: SimulatedStats;
  readonly limits: Limits;
  readonly key: { readonly x: string; readonly d: string };
  /** False only to show what leases and the fence are for. */
  readonly hasLeases: boolean;
  /** Asks all replicas; `heard` runs in the process that asks. */
  ask(asker: SimulatedProcess, question: AskQuestion, heard: (reply: AskReply) => void): void;
  /** Called just before a commit of this process; may kill it. */
  beforeCommit(process: SimulatedProcess): void;
}

export class SimulatedReplica {
  readonly process: SimulatedProcess;
  readonly database: Database;
  readonly ledger = new Ledger();
  readonly writer: RevertibleWriter;
  /** Sentences of errors that the program tells. */
  readonly errors: string[] = [];
  /** Reasons of skipped ticks. */
  readonly skipped: string[] = [];
  readonly #world: ReplicaWorld;
  readonly #reader: ReadDatabase;
  readonly #query: StatisticsQuery;
  readonly #source: SourceLoop;
  #input: SimulatedLogInput | null = null;
  #newest: WholeTick | null = null;
  #isPublisher = false;

  constructor(process: SimulatedProcess, path: string, world: ReplicaWorld) {
    this.process = process;
    this.#world = world;
    this.database = openFederationWriter(path);
    const { database } = this;
    const options = { limits: world.limits, generationSize: 2, placesLog2: 6, transitionsPerNodeMax: 10 };
    this.writer = new RevertibleWriter((id) => new FederationWriter(database, options, id ?? 'simulated'));
    this.#reader = openReader(path);
    this.#query = new StatisticsQuery(this.#reader);
    let toIngest = (_message: SourceToIngest): void => undefined;
    let toSource = (_message: IngestToSource): void => undefined;
    const { writer, ledger } = this;
    const ingest = new IngestLoop(
      {
        path,
        commitSoonMs: COMMIT_SOON_MS,
        snapshotIntervalMs: HOUR_MS,
        housekeepingRestMs: HOUR_MS,
        seams: {},
      },
      {
        writer,
        ledger,
        door: new Door(doorParts(writer, ledger, false)),
        files: new DatabaseFiles(path, database, () => process.monotonicMs()),
        identity: { salt: '', statisticsKey: { x: '', d: '' } },
        disk: { room: () => ({ freeBytes: 50e9, sizeBytes: 100e9 }), sizeBytes: () => 0 },
        clock: process,
        timers: process,
        beforeCommit: () => world.beforeCommit(process),
        send: (message) => {
          const isError = message.type === 'failed' || (message.type === 'log' && message.level === 'error');
          // A dead process tells nobody that its commit failed.
          if (isError && process.isAlive) this.errors.push(message.sentence);
        },
      },
    );
    ingest.connect({
      postMessage: (message) => void process.after(THREADS_MS, () => toSource(message)),
      on: (_event, heard) => (toIngest = heard),
      close: () => undefined,
    });
    this.#source = new SourceLoop(
      {
        observedMs: writer.current.observedMs,
        handover: { ...HANDOVER, batchMessagesMax: 200, batchBytesMax: 200_000 },
        reportIntervalMs: 1_000,
      },
      {
        clock: process,
        timers: process,
        ingest: {
          postMessage: (message) => void process.after(THREADS_MS, () => toIngest(message)),
          on: (_event, heard) => (toSource = heard),
          close: () => undefined,
        },
        createInput: (position, sink) =>
          (this.#input = new SimulatedLogInput(process, world, position, sink)),
        send: () => undefined,
      },
    );
    void ingest.start();
    void this.#source.start();
    this.#startTicks();
  }

  /** How far the log is applied, at the last commit. */
  get position(): ReplicaPosition | null {
    return this.writer.replica;
  }

  /** Closes the file of a process that is dead. */
  close(): void {
    this.#reader.close();
    this.database.close();
  }

  /** A copy of the file, of one moment. */
  backUp(path: string): void {
    this.database.prepare('VACUUM INTO ?').run(path);
  }

  /** The counts that this replica would answer with. */
  partial(nowMs: number) {
    return this.#query.partial(nowMs);
  }

  /** Answers as ask-responder.ts does. */
  answer(question: AskQuestion): AskReply {
    const who = { replica: this.process.name, process: this.process.name };
    if (this.#input?.catchUp.isCatchingUp !== false)
      return { ...who, type: 'refused', reason: 'catching_up' };
    if (question.type === 'places')
      return { ...who, type: 'places', places: { continents: [], locations: [] } };
    if (question.type !== 'partial') return { ...who, type: 'refused', reason: 'failed' };
    const partial = this.partial(question.nowMs);
    if (partial.progress < question.floor) return { ...who, type: 'refused', reason: 'floor' };
    return { ...who, type: 'partial', partial };
  }

  #startTicks(): void {
    const { process } = this;
    const world = this.#world;
    const stream = world.stats.for(process);
    const connection = { isClosed: () => false } as unknown as NatsConnection;
    const fence = new FencedPublisher({
      connection: () => connection,
      open: (): ReturnType<typeof openFencedStream> => stream,
      signer: () => createSigner(world.key),
      aggregatorId: () => 'simulated',
      makeStream: () => Promise.resolve(),
    });
    const ticker = new ClusterTicker(
      { intervalMs: TICK_MS, partitions: 1, publisher: process.name, privacyMinCell: 5 },
      {
        clock: process,
        timers: process,
        random: () => world.random(),
        isPublisher: () => this.#isPublisher,
        ask: (_partition, heard, signal) => (question) => {
          if (signal.aborted) return;
          world.ask(process, question, (reply) => {
            if (!signal.aborted) heard(reply);
          });
        },
        fence,
        gone: () => new Set(),
        remembered: () => (this.#newest === null ? NOTHING_PUBLISHED : rememberTick(this.#newest)),
        published: () => statsReader.look(),
        skipped: ({ reason }) => this.skipped.push(reason),
      },
    );
    const statsReader = new StatsReader({
      stream: () => stream,
      timers: process,
      storedMs: null,
      newest: (tick) => (this.#newest = tick),
      missing: () => undefined,
      problem: () => undefined,
    });
    void statsReader.start();
    ticker.start();
    const changed = (isHeld: boolean) => {
      this.#isPublisher = isHeld;
      if (isHeld) ticker.becamePublisher();
    };
    if (!world.hasLeases) {
      changed(true);
      return;
    }
    const records = world.records.for(process);
    const lease = new Lease(
      { subject: CLUSTER_SUBJECTS.publishLease, holder: process.name },
      { records: () => records, clock: process, timers: process, random: () => world.random(), changed },
    );
    void lease.start();
  }
}
