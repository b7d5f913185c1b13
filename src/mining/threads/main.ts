// The main thread's wiring: miners' door → desk → proofs, journal and deliveries; upstreams; machine actors; dashboard.
// It makes the parts, starts them in order and stops them. It decides nothing.

import { readFileSync } from 'node:fs';
import { NodeActors } from '../../actors/node-actors.ts';
import type { LossyLog } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { ClockWatch } from '../../lib/clock-watch.ts';
import { type DescriptorWatch, openFilesMax, watchDescriptors } from '../../lib/descriptors.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { type Part, SideBySide, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import { LastBackup } from '../../store/last-backup.ts';
import type { WriterSeams } from '../../store/fact-messages.ts';
import { WorkerPool } from '../../workers/pool.ts';
import { type RefusedReads, watchReads } from '../../workers/refused-reads.ts';
import type { MiningConfig } from '../config/config.ts';
import type { Alarm } from '../domain/alarm.ts';
import type { AlarmView } from '../domain/view.ts';
import { MACHINE_LIFE } from '../domain/machine-life.ts';
import type { StatsDocument } from '../domain/statistics.ts';
import { statsDocument } from '../domain/stats-document.ts';
import { createMiningAnswers, type MiningAnswers } from '../http/answers.ts';
import { judgeReadiness } from '../http/readiness.ts';
import { createMiningServer, type MiningHttpServer } from '../http/server.ts';
import { SharedStatistics } from '../http/shared-statistics.ts';
import { Desk } from '../ingest/desk.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { fitConnections } from '../sources/connection-limit.ts';
import type { Certificate } from '../sources/door-server.ts';
import { MinerDoor } from '../sources/miner-door.ts';
import type { MiningQuestions } from '../workers/questions.ts';
import { ProofQueue } from '../workers/proof-queue.ts';
import { poolWorkerUrl, proofWorkerUrl } from './files.ts';
import type { CommitReport, Opened } from './messages.ts';
import { MinerRequests } from './miner-requests.ts';
import { liveStatistics, miningView, type ViewParts } from './mining-view.ts';
import { ObservedTime } from './observed-time.ts';
import { UpstreamSide } from './upstream-side.ts';
import { WriterSide } from './writer-side.ts';

/** What tests may change that an operator cannot. */
export interface MiningSeams {
  readonly writer?: WriterSeams;
  readonly proofThreads?: number;
}

/** What the program needs of the command that runs it. */
export interface MiningParts {
  readonly log: LossyLog;
  /** Called when the program cannot continue: the caller must stop it and end with a non-zero code. */
  fatal(error: CodedError): void;
  /** Told of changes that an operator may want to be woken for. */
  alarm(alarm: Alarm): void;
  /** What became of the alarms; absent if nothing takes them. */
  alarms?(): AlarmView;
  readonly isDemonstration: boolean;
  readonly seams?: MiningSeams;
}

/** The running program. */
export interface MiningApp extends Part {
  /** Resolves when miners are answered; the upstream may still be away. Throws a `CodedError`. */
  start(): Promise<void>;
  /** Answers what is under way, commits everything, and ends every thread. */
  stop(): Promise<void>;
  /** Ends at once; there are no child processes. */
  kill(): void;
  /** Takes over settings that can change while the program runs. Never throws. */
  change(config: MiningConfig): void;
}

const NO_ALARMS: AlarmView = { waiting: 0, sent: 0, failed: 0, dropped: 0, receivers: [], problem: null };
/** Time between two sweeps for silent machines. */
const SWEEP_MS = 2_000;

/** Makes the program; it does nothing before `start`. */
export function createMining(config: MiningConfig, parts: MiningParts): MiningApp {
  return new MiningMain(config, parts);
}

/** The certificate chain and the key. Errors: `settings_invalid`. */
function readTls(files: MiningConfig['tls']): Certificate | null {
  if (files === null) return null;
  const { certFile, keyFile } = files;
  try {
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    const what = `server.tls: ${certFile} or ${keyFile} cannot be read (${errorCode(error) ?? 'unknown error'})`;
    throw new CodedError(
      'settings_invalid',
      `${what}: check that they exist and that this user may read them.`,
    );
  }
}

class MiningMain implements MiningApp {
  readonly #parts: MiningParts;
  readonly #started = new AsyncDisposableStack();
  readonly #startedAtMs = systemClock.nowMs();
  readonly #startedMonotonicMs = systemClock.monotonicMs();
  readonly #clock: ClockWatch;
  readonly #descriptors: DescriptorWatch;
  readonly #refusedReads: RefusedReads;
  readonly #observed = new ObservedTime(systemClock);
  readonly #writer: WriterSide;
  readonly #nodes: NodeActors;
  readonly #pool: WorkerPool<MiningQuestions>;
  readonly #proofs: ProofQueue;
  readonly #requests: MinerRequests;
  readonly #statistics: SharedStatistics;
  readonly #metrics: Metrics;
  readonly #answers: MiningAnswers;
  readonly #door: MinerDoor;
  /** Null if the dashboard is off. */
  readonly #http: MiningHttpServer | null;
  #config: MiningConfig;
  #upstreams: UpstreamSide | null = null;
  #desk: Desk | null = null;

  constructor(config: MiningConfig, parts: MiningParts) {
    const { log, seams } = parts;
    this.#config = config;
    this.#parts = parts;
    this.#clock = new ClockWatch((sentence) => log.warn(sentence));
    this.#descriptors = watchDescriptors(log);
    this.#refusedReads = watchReads(log);
    this.#writer = this.#makeWriter();
    this.#nodes = this.#makeNodes();
    this.#pool = new WorkerPool({
      workerUrl: poolWorkerUrl,
      workerData: { databasePath: config.database.path },
      threads: 1,
      refusedReads: this.#refusedReads,
      onRun: () => undefined,
    });
    this.#proofs = new ProofQueue({
      clock: systemClock,
      workerUrl: proofWorkerUrl,
      threadsFail: (error) =>
        log.error('proofs: threads end before they answer, and their work is done again', { error }),
      threadsAnswer: () => log.info('proofs: threads answer again'),
      ...(seams?.proofThreads === undefined ? {} : { threads: seams.proofThreads }),
    });
    this.#requests = new MinerRequests(systemClock);
    this.#statistics = new SharedStatistics({
      statistics: () => this.#stats(),
      monotonicMs: systemClock.monotonicMs,
    });
    this.#metrics = createMetrics({
      view: () => miningView(this.#viewParts()),
      statistics: () => this.#statistics.latest().document,
      feed: () => this.#http?.feed() ?? { clients: 0, dropped: 0, refused: 0 },
      lastBackup: new LastBackup(config.database.path),
      wallMs: (monotonicMs) => this.#clock.wallMs(monotonicMs),
    });
    this.#answers = createMiningAnswers({
      live: () => true,
      metrics: () => this.#metricsText(),
      readiness: () => judgeReadiness(miningView(this.#viewParts())),
      statistics: this.#statistics,
      failed: (error) => this.#failed('http', error),
    });
    this.#door = this.#makeDoor();
    this.#http = this.#makeDashboard();
  }

  async start(): Promise<void> {
    await startAt(this.#started, this.#descriptors);
    this.#started.defer(() => this.#metrics.stop());
    await startAt(this.#started, this.#clock);
    const opened = await startAt(this.#started, this.#writer);
    this.#observed.start(opened.observedMs);
    const upstreams = this.#makeUpstreams(opened);
    const desk = this.#makeDesk(opened, upstreams);
    const beside = this.#started.use(new SideBySide());
    await Promise.all([startAt(beside, this.#pool), startAt(beside, this.#proofs)]);
    await startAt(this.#started, desk);
    desk.restore(opened.entries);
    await startAt(this.#started, upstreams);
    this.#requests.connect({ desk, set: upstreams.set });
    const doors = this.#started.use(new SideBySide());
    const miners = await startAt(doors, this.#door);
    const dashboard = this.#http === null ? null : await startAt(doors, this.#http);
    this.#tellStart(miners.url, dashboard?.url ?? null);
    await this.#resumeNodes();
    const sweeps = systemTimers.every(SWEEP_MS, () => this.#sweep());
    this.#started.defer(() => {
      sweeps.cancel();
      this.#tellSeen();
    });
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {}

  change(config: MiningConfig): void {
    this.#config = config;
    this.#desk?.setVerify(config.verify);
    this.#door.setAuth(config.auth);
    this.#upstreams?.change(config).catch((error: unknown) => this.#failed('upstreams', error));
  }

  #makeWriter(): WriterSide {
    const { database, blockTimeSecs } = this.#config;
    const { log, seams } = this.#parts;
    const data = {
      path: database.path,
      retentionDays: database.retentionDays,
      blockTimeSecs,
      seams: seams?.writer ?? {},
    };
    return new WriterSide(data, {
      log,
      clock: systemClock,
      observedMs: () => this.#observed.nowMs,
      committed: (report) => this.#committed(report),
      fatal: (error) => {
        if (!this.#started.disposed) this.#parts.fatal(error);
      },
    });
  }

  #makeNodes(): NodeActors {
    return new NodeActors(MACHINE_LIFE, {
      log: this.#parts.log,
      clock: systemClock,
      transitions: (facts) => {
        this.#writer.journal.note([{ type: 'transitions', facts }]);
        for (const { from, to } of facts) if (from !== null) this.#metrics.transition(from, to);
      },
      failed: (outcome) => this.#metrics.actorFailed(outcome),
    });
  }

  #makeUpstreams({ informations }: Opened): UpstreamSide {
    const upstreams = new UpstreamSide(this.#config, {
      log: this.#parts.log,
      journal: this.#writer.journal,
      actors: this.#nodes,
      isMinerActive: () => this.#requests.isAnyActive(),
      stored: informations,
      blocksChanged: () => this.#desk?.blocksChanged(),
      settled: (entry, outcome) => this.#desk?.settled(entry, outcome),
      actorFailed: (outcome) => this.#metrics.actorFailed(outcome),
      alarm: (alarm) => this.#parts.alarm(alarm),
    });
    this.#upstreams = upstreams;
    return upstreams;
  }

  #makeDesk({ nextEntryId }: Opened, upstreams: UpstreamSide): Desk {
    const { set } = upstreams;
    const desk = new Desk(
      { verify: this.#config.verify, blockTimeSecs: this.#config.blockTimeSecs, firstEntryId: nextEntryId },
      {
        journal: this.#writer.journal,
        checker: this.#requests.timing(this.#proofs),
        blocks: {
          find: (blockHash) => set.find(blockHash),
          get active() {
            return set.activeBlock;
          },
          get isActiveConfirmed() {
            return set.isActiveConfirmed;
          },
          get all() {
            return set.blocks;
          },
          refresh: () => set.refresh(),
        },
        deliveryOf: (upstream) => upstreams.deliveryOf(upstream),
        clock: systemClock,
        timers: systemTimers,
      },
    );
    this.#desk = desk;
    return desk;
  }

  #makeDoor(): MinerDoor {
    const { listen, listenKey: setting, auth, trustedProxies } = this.#config;
    const tls = readTls(this.#config.tls);
    const { connectionsMax, warning } = fitConnections(openFilesMax());
    if (warning !== null) this.#parts.log.warn(`miners: ${warning}`);
    const { host, port } = listen;
    const requests = this.#requests;
    return new MinerDoor(
      { host, port, setting, auth, tls, trustedProxies, connectionsMax },
      {
        clock: systemClock,
        information: () => requests.information(),
        submit: (submission, peer) => requests.submit(submission, peer),
        seen: (peer) => requests.seen(peer),
        notify: () => this.#upstreams?.set.notify(),
        stats: async () => this.#answers.stats().body,
        probe: (path) => this.#probe(path),
        failed: (error) => this.#failed('miners', error),
      },
    );
  }

  #makeDashboard(): MiningHttpServer | null {
    const { dashboard } = this.#config;
    if (dashboard === null) return null;
    const { nowMs, monotonicMs } = systemClock;
    return createMiningServer(
      dashboard.listen,
      {
        live: () => true,
        metrics: () => this.#metricsText(),
        readiness: () => judgeReadiness(miningView(this.#viewParts())),
        failed: (error) => this.#failed('http', error),
        view: () => miningView(this.#viewParts()),
        statistics: this.#statistics,
        rounds: (query) => this.#pool.ask('rounds', { query }),
        capacity: (query) => this.#pool.ask('capacity', { query }),
        verdicts: (query) => this.#pool.ask('verdicts', query),
        nowMs,
        monotonicMs,
      },
      this.#answers,
    );
  }

  async #metricsText() {
    return { contentType: this.#metrics.contentType, text: await this.#metrics.text() };
  }

  #probe(path: '/livez' | '/readyz' | '/metrics') {
    if (path === '/metrics') return this.#answers.metrics();
    return path === '/livez' ? this.#answers.livez() : this.#answers.readyz();
  }

  /** The parts of the view; only asked once the program has started. */
  #viewParts(): ViewParts {
    const { isDemonstration, log } = this.#parts;
    const { upstreams, desk } = this.#running();
    return {
      isDemonstration,
      version: programVersion(),
      startedAtMs: this.#startedAtMs,
      startedMonotonicMs: this.#startedMonotonicMs,
      blockTimeSecs: this.#config.blockTimeSecs,
      verify: () => this.#config.verify,
      nodes: this.#nodes,
      upstreams,
      desk,
      proofs: this.#proofs,
      writer: this.#writer,
      pool: this.#pool,
      descriptors: this.#descriptors,
      readProblem: () => this.#refusedReads.problem,
      door: () => this.#door.counts,
      informationAnswers: this.#requests.informationAnswers,
      checkSeconds: () => this.#requests.checkSeconds,
      oldestCheckMs: () => this.#requests.oldestCheckMs,
      logLoss: log.loss,
      alarms: () => this.#parts.alarms?.() ?? NO_ALARMS,
    };
  }

  #running(): { readonly upstreams: UpstreamSide; readonly desk: Desk } {
    const [upstreams, desk] = [this.#upstreams, this.#desk];
    if (upstreams === null || desk === null) throw new Error('the program has not started');
    return { upstreams, desk };
  }

  #stats(): StatsDocument {
    return statsDocument(this.#writer.statistics, liveStatistics(this.#viewParts()));
  }

  #committed({ signs, gone }: CommitReport): void {
    this.#nodes.committed({ signs, gone, observedMs: this.#observed.nowMs });
  }

  #sweep(): void {
    if (this.#requests.isReportDue()) this.#tellSeen();
    this.#nodes.sweep(this.#observed.nowMs);
  }

  #tellSeen(): void {
    const seen = this.#requests.takeSeen();
    if (seen.length > 0) this.#writer.journal.note(seen);
  }

  async #resumeNodes(): Promise<void> {
    const heardSinceObservedMs = this.#observed.nowMs - MACHINE_LIFE.forgetAfterMs;
    await this.#nodes.resume(this.#observed.nowMs, {
      nodesAfter: (afterNumber, limit) =>
        this.#pool.ask('nodesToResume', { afterNumber, heardSinceObservedMs, limit }),
      isStopping: () => this.#started.disposed,
    });
  }

  #tellStart(minersUrl: string, dashboardUrl: string | null): void {
    const { log } = this.#parts;
    const { upstreams, database } = this.#config;
    const names = upstreams.map(({ name, mode }) => `${JSON.stringify(name)} (${mode})`).join(', ');
    log.info(`upstreams: ${names}`);
    const via = database.link === null ? '' : ` (${database.link} leads there)`;
    log.info(`database: ${database.path}${via}`);
    log.info(`miners: ${minersUrl}`);
    if (dashboardUrl === null) log.info('dashboard is off');
    else log.info(`dashboard: ${dashboardUrl} (/stats, /metrics, /readyz)`);
  }

  #failed(part: string, error: unknown): void {
    this.#parts.log.error(`${part}: a request failed, which is a defect of the program; please report it`, {
      error,
    });
  }
}
