// The main thread's wiring: job WebSocket and jobs API → job desk → seal pool, signer, writer → delivery → backend. It
// makes the parts, starts them in order and stops them. It decides nothing.

import { NodeActors } from '../../actors/node-actors.ts';
import type { LossyLog } from '../../io/log.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { ClockWatch } from '../../lib/clock-watch.ts';
import { type DescriptorWatch, watchDescriptors } from '../../lib/descriptors.ts';
import type { CodedError } from '../../lib/errors.ts';
import { type Part, SideBySide, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { Exposition } from '../../metrics/registry.ts';
import { LastBackup } from '../../store/last-backup.ts';
import type { WriterSeams } from '../../store/fact-messages.ts';
import { WorkerPool } from '../../workers/pool.ts';
import { type RefusedReads, watchReads } from '../../workers/refused-reads.ts';
import type { Settings } from '../config/settings.ts';
import type { TradesHttpServer } from '../http/server.ts';
import { EntryIds } from '../ingest/entry-ids.ts';
import type { JobDesk } from '../ingest/job-desk.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { Delivery } from '../sinks/delivery.ts';
import { IngestClient } from '../sinks/ingest-client.ts';
import type { SummarySigner } from '../sinks/signer.ts';
import type { JobSocket } from '../sources/job-socket.ts';
import { readAllBodies } from '../workers/all-bodies.ts';
import type { TradesQuestions } from '../workers/questions.ts';
import { SEAL_MS, type SealQuestions } from '../workers/seal-questions.ts';
import { AccountsSide, type EnclaveOptions } from './accounts-side.ts';
import { poolWorkerUrl, sealWorkerUrl } from './files.ts';
import { makeHttpServer } from './http-parts.ts';
import { makeDesk, makeJobSocket } from './job-parts.ts';
import { OperatorRequests } from './operator-requests.ts';
import { PublishedKeys } from './published-keys.ts';
import { tradesView } from './trades-view.ts';
import { WriterSide } from './writer-side.ts';

/** What tests may change that an operator cannot. */
export interface TradesSeams {
  readonly writer?: WriterSeams;
}

/** What the program needs of the command that runs it. */
export interface TradesParts {
  readonly log: LossyLog;
  /** Signs the summaries of jobs. */
  readonly signer: SummarySigner;
  /** Called when the program cannot continue: the caller must stop it and end with a non-zero code. */
  fatal(error: CodedError): void;
  readonly isDemonstration: boolean;
  /** The enclave of the accounts; absent if none belongs to this service. */
  readonly enclave?: EnclaveOptions;
  readonly seams?: TradesSeams;
}

/** The running program. */
export interface TradesApp extends Part<TradesAddresses> {
  /** Resolves when jobs are taken; the backend may be away. Throws a `CodedError`. */
  start(): Promise<TradesAddresses>;
  /** Answers the calls that wait, commits everything, and ends every thread. What is undelivered waits in the outbox. */
  stop(): Promise<void>;
  /** Ends at once. An enclave that it started is asked to end, and not waited for. */
  kill(): void;
}

/** Where the program listens. */
export interface TradesAddresses {
  readonly apiUrl: string;
  readonly socketUrl: string;
}

/** Time between two sweeps of the supervisor. */
const SWEEP_MS = 1_000;
/** Jobs say themselves which state their node is in, and no other node exists: none is swept for silence. */
const NO_SILENCE = { staleAfterMs: Infinity, offlineAfterMs: Infinity, forgetAfterMs: Infinity };

/** Makes the program; it does nothing before `start`. */
export function createTrades(settings: Settings, parts: TradesParts): TradesApp {
  return new TradesMain(settings, parts);
}

class TradesMain implements TradesApp {
  readonly #settings: Settings;
  readonly #parts: TradesParts;
  readonly #started = new AsyncDisposableStack();
  readonly #startedAtMs = systemClock.nowMs();
  readonly #startedMonotonicMs = systemClock.monotonicMs();
  readonly #clock: ClockWatch;
  readonly #descriptors: DescriptorWatch;
  readonly #refusedReads: RefusedReads;
  readonly #writer: WriterSide;
  readonly #actors: NodeActors;
  readonly #pool: WorkerPool<TradesQuestions>;
  readonly #sealPool: WorkerPool<SealQuestions>;
  readonly #client: IngestClient;
  readonly #delivery: Delivery;
  readonly #metrics: Exposition;
  readonly #http: TradesHttpServer;
  readonly #keys: PublishedKeys;
  readonly #operatorRequests: OperatorRequests;
  readonly #entryIds = new EntryIds();
  readonly #accounts: AccountsSide | null;
  #running: { readonly desk: JobDesk; readonly socket: JobSocket } | null = null;
  #wsPort = 0;

  constructor(settings: Settings, parts: TradesParts) {
    const { log, signer } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.#clock = new ClockWatch((sentence) => log.warn(sentence));
    this.#descriptors = watchDescriptors(log);
    this.#refusedReads = watchReads(log);
    this.#writer = this.#makeWriter();
    this.#keys = new PublishedKeys(signer.publicKey);
    this.#actors = new NodeActors(NO_SILENCE, {
      log,
      clock: systemClock,
      transitions: () => undefined,
      failed: () => undefined,
    });
    this.#pool = new WorkerPool({
      workerUrl: poolWorkerUrl,
      workerData: { databasePath: settings.databasePath },
      threads: 1,
      refusedReads: this.#refusedReads,
      onRun: () => undefined,
    });
    this.#sealPool = new WorkerPool({
      workerUrl: sealWorkerUrl,
      workerData: {},
      threads: 1,
      questionMs: SEAL_MS,
      refusedReads: null,
      onRun: () => undefined,
    });
    const { url: backendUrl, tokenFile } = settings.backend;
    this.#client = new IngestClient(
      { backendUrl, tokenFile },
      { clock: systemClock, timers: systemTimers, log },
    );
    this.#delivery = this.#makeDelivery();
    this.#accounts = parts.enclave === undefined ? null : this.#makeAccounts(parts.enclave);
    this.#operatorRequests = new OperatorRequests(settings.databasePath, {
      rows: (query) => this.#pool.ask('outbox', query),
      replay: (ids) => this.#delivery.replay(ids),
      log,
    });
    this.#metrics = createMetrics({
      view: () => this.#view(),
      feed: () => this.#http.feed(),
      lastBackup: new LastBackup(settings.databasePath),
      wallMs: (monotonicMs) => this.#clock.wallMs(monotonicMs),
    });
    this.#http = this.#makeServer();
  }

  async start(): Promise<TradesAddresses> {
    await startAt(this.#started, this.#descriptors);
    this.#started.defer(() => this.#metrics.stop());
    await startAt(this.#started, this.#clock);
    const opened = await startAt(this.#started, this.#writer);
    this.#keys.restore(opened.keys);
    this.#recordKey();
    const beside = this.#started.use(new SideBySide());
    await Promise.all([startAt(beside, this.#pool), startAt(beside, this.#sealPool)]);
    await startAt(this.#started, this.#client);
    this.#entryIds.startAt(opened.nextEntryId);
    this.#accounts?.restore(opened.accounts);
    const desk = this.#makeDesk();
    desk.restore(opened.jobs);
    const socket = makeJobSocket(this.#settings, desk);
    // From here on the desk hears what becomes of its summaries.
    this.#running = { desk, socket };
    this.#delivery.restore(opened.waiting, opened.deadLetters);
    await startAt(this.#started, this.#delivery);
    if (this.#accounts !== null) await startAt(this.#started, this.#accounts);
    const doors = this.#started.use(new SideBySide());
    const { url: socketUrl } = await startAt(doors, socket);
    this.#wsPort = Number(new URL(socketUrl).port);
    const { url: apiUrl } = await startAt(doors, this.#http);
    await startAt(this.#started, this.#operatorRequests);
    // It stops first: it answers the calls that wait, and then the doors close.
    await startAt(this.#started, desk);
    const sweeps = systemTimers.every(SWEEP_MS, () => this.#actors.sweep(systemClock.monotonicMs()));
    this.#started.defer(() => sweeps.cancel());
    this.#tellStart(apiUrl, socketUrl);
    return { apiUrl, socketUrl };
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {
    this.#accounts?.kill();
  }

  #makeWriter(): WriterSide {
    const { databasePath: path, retentionDays } = this.#settings;
    const { log, seams } = this.#parts;
    return new WriterSide(
      { path, retentionDays, seams: seams?.writer ?? {} },
      {
        log,
        clock: systemClock,
        committed: (reports) => this.#accounts?.committed(reports),
        fatal: (error) => {
          if (!this.#started.disposed) this.#parts.fatal(error);
        },
      },
    );
  }

  #makeDelivery(): Delivery {
    return new Delivery(this.#settings.outboxBytesMax, {
      journal: this.#writer.journal,
      bodies: (ids) => readAllBodies(ids, (left) => this.#pool.ask('bodies', { ids: left })),
      rows: (query) => this.#pool.ask('outbox', query),
      post: (body, digest) => this.#client.post(body, digest),
      settled: (entryId, outcome) => {
        this.#running?.desk.settled(entryId, outcome);
        this.#accounts?.roomChanged();
      },
      failing: (entryId, attempt) => this.#running?.desk.failing(entryId, attempt),
      replayed: (entryId) => this.#running?.desk.replayed(entryId),
      log: this.#parts.log,
      clock: systemClock,
      timers: systemTimers,
      random: randomShare,
    });
  }

  #makeDesk(): JobDesk {
    return makeDesk(this.#settings, {
      journal: this.#writer.journal,
      outbox: this.#delivery,
      entryIds: this.#entryIds,
      actors: this.#actors,
      sealPool: this.#sealPool,
      signer: this.#parts.signer,
      log: this.#parts.log,
    });
  }

  #makeAccounts(enclave: EnclaveOptions): AccountsSide {
    return new AccountsSide(enclave, {
      journal: this.#writer.journal,
      outbox: this.#delivery,
      entryIds: this.#entryIds,
      checkpoints: (query) => this.#pool.ask('checkpoints', { query }),
      seals: () => this.#pool.ask('seals', {}),
      keyUsed: (key) => this.#keys.use(key, 'polled'),
      log: this.#parts.log,
      clock: systemClock,
      timers: systemTimers,
      random: randomShare,
    });
  }

  #makeServer(): TradesHttpServer {
    return makeHttpServer(this.#settings, {
      metrics: this.#metrics,
      pool: this.#pool,
      keys: this.#keys,
      accounts: this.#accounts,
      desk: () => this.#live().desk,
      wsPort: () => this.#wsPort,
      view: () => this.#view(),
      failed: (error) => this.#failed('http', error),
    });
  }

  /** Facts are stored in their order: no summary is on the disk before the key that signed it. */
  #recordKey(): void {
    const key = this.#parts.signer.publicKey;
    this.#writer.journal.note([
      { type: 'keyUsed', key, provenance: 'client_reported', atMs: systemClock.nowMs() },
    ]);
  }

  #live(): { readonly desk: JobDesk; readonly socket: JobSocket } {
    if (this.#running === null) throw new Error('the program has not started');
    return this.#running;
  }

  #view() {
    const { isDemonstration, signer, log } = this.#parts;
    return tradesView({
      ...this.#live(),
      isDemonstration,
      version: programVersion(),
      startedAtMs: this.#startedAtMs,
      startedMonotonicMs: this.#startedMonotonicMs,
      backendUrl: this.#settings.backend.url,
      keyId: signer.publicKey.kid,
      delivery: this.#delivery,
      accounts: this.#accounts,
      writer: this.#writer,
      readProblem: () => this.#refusedReads.problem,
      descriptors: this.#descriptors,
      logLoss: log.loss,
    });
  }

  #tellStart(apiUrl: string, socketUrl: string): void {
    const { log, signer } = this.#parts;
    const { databasePath, databaseLink, backend } = this.#settings;
    const via = databaseLink === undefined ? '' : ` (${databaseLink} leads there)`;
    log.info(`database: ${databasePath}${via}`);
    log.info(`key: ${signer.publicKey.kid} signs the summaries of jobs`);
    log.info(`backend: ${backend.url}`);
    log.info(`job WebSocket: ${socketUrl}`);
    log.info(`jobs API: ${apiUrl}`);
    log.info(`dashboard: ${apiUrl} (/readyz, /metrics)`);
  }

  #failed(part: string, error: unknown): void {
    this.#parts.log.error(`${part}: a request failed, which is a defect of the program; please report it`, {
      error,
    });
  }
}
