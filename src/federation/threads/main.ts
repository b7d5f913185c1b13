// The main thread's wiring, and the only one: ingest thread → supervisor → facts back, workers → tick → broker, HTTP.
// Nothing here decides; each part says in its own file what it does.

import { MessageChannel } from 'node:worker_threads';
import { resumeNodes } from '../../actors/resumption.ts';
import { Supervisor } from '../../actors/supervisor.ts';
import {
  AUDIT_INTERVAL_MS,
  AUDIT_TIME_MAX_MS,
  CLOCK_LOOK_INTERVAL_MS,
  LOCATION_INTERVAL_MS,
  REPORT_AGE_MAX_MS,
  RESUME_PAGE_NODES,
  RESUME_RETRY_MS,
  SWEEP_INTERVAL_MS,
  WORKER_QUEUE_TASKS_MAX,
  WORKER_TASK_TIME_MAX_MS,
} from './bounds.ts';
import type { Settings } from '../config/settings.ts';
import { KeyBook } from '../domain/api-keys.ts';
import type { IngestAccounts } from '../domain/accounting.ts';
import type { NodeTrust } from '../domain/statistics.ts';
import type { Identity } from '../domain/identity.ts';
import { listMissing, NONE_MISSING } from '../domain/missing.ts';
import { IngestReports } from './ingest-reports.ts';
import type { Period } from '../domain/vocabulary.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { liveState } from '../http/live-state.ts';
import { type PeriodStatistics, statisticsByPeriod } from '../http/period-statistics.ts';
import { judgeReadiness, type Readiness } from '../http/readiness.ts';
import { createFederationServer, type FederationHttpServer } from '../http/server.ts';
import { ChildThread } from '../../workers/child-thread.ts';
import { brokerOfOurs, natsOptions } from '../broker/broker-choice.ts';
import type { EmbeddedBroker } from '../../io/embedded-broker/broker.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { ClockSteps, describeStart, describeStep, readClocks } from '../../lib/clock-steps.ts';
import { systemClock } from '../../lib/clock.ts';
import { DescriptorWatch } from '../../lib/descriptors.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import { createStatisticsSigner, type StatisticsSigner } from '../../lib/ed25519.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { programVersion } from '../../lib/version.ts';
import { auditWorkerUrl, ingestThreadUrl, poolWorkerUrl, sourceThreadUrl } from './files.ts';
import type { Log } from '../../io/log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { OperatorCommands } from './operator-requests.ts';
import { JoinResponder } from '../sinks/join-responder.ts';
import { Publisher } from '../sinks/publisher.ts';
import { Ticker } from '../sinks/ticker.ts';
import type {
  IngestToMain,
  SourceToMain,
  IngestSeams,
  IngestThreadData,
  SourceThreadData,
  MainToIngest,
  MainToSource,
} from './messages.ts';
import { lockBrokerFolder } from '../../store/lock.ts';
import { Auditor } from '../workers/auditor.ts';
import { WorkerPool } from '../../workers/pool.ts';
import type { FederationQuestions } from '../workers/questions.ts';
import { RefusedReads } from '../../workers/refused-reads.ts';

/** What tests may change that no operator can. */
export interface AppSeams {
  readonly ingest?: IngestSeams;
  /** What the pool's threads run. */
  readonly poolWorkerUrl?: URL;
  /** Between two audits. */
  readonly auditIntervalMs?: number;
}

export interface AppParts {
  readonly log: Log;
  /** What the log could not write. */
  logLoss(): LineLoss;
  /** The program cannot go on; stop it and end with a non-zero code. */
  fatal(error: CodedError): void;
  /** PATH, for finding nats-server. */
  readonly searchPath: string;
  readonly seams?: AppSeams;
}

/** The running aggregator. */
export interface App {
  /** Resolves when everything that can be up is up; the broker may still be away. Throws a `CodedError`. */
  start(): Promise<{ readonly httpUrl: string }>;
  /** Everything merged is committed, every thread and child is gone. */
  stop(): Promise<void>;
  /** Leaves no child behind, for a program that ends at once. */
  kill(): void;
}

export function createApp(settings: Settings, parts: AppParts): App {
  const { log } = parts;
  const clockSteps = new ClockSteps(readClocks(systemClock));
  // Moments are kept on the monotonic clock, and shown by the wall clock as it is set now.
  const startedAtMs = systemClock.monotonicMs();
  const wallMs = (atMs: number | null) => (atMs === null ? null : clockSteps.wallMs(atMs));
  const version = programVersion();
  let accounts: IngestAccounts | null = null;
  const reports = new IngestReports(REPORT_AGE_MAX_MS);
  const status = () => reports.status(systemClock.monotonicMs());
  let sweptAtMs = 0;
  let lastHeardAtMs: number | null = null;
  let totalNodes = 0;
  let trust: NodeTrust = { authenticated: 0, claimed: 0 };
  let missing = NONE_MISSING;
  let keys = new KeyBook([]);
  let identity: Identity | null = null;
  let signer: StatisticsSigner | null = null;
  let observedMs = 0;
  let caughtUpAtMs: number | null = null;
  let lastTickAtMs: number | null = null;
  let latest: ReadonlyMap<Period, PeriodStatistics> = new Map();
  let aggregatorId = settings.aggregatorId ?? '';
  let isOpened = false;
  let isStopping = false;

  let source: ChildThread<MainToSource, SourceToMain> | null = null;
  let pool: WorkerPool<FederationQuestions> | null = null;
  let ticker: Ticker | null = null;
  let auditor: Auditor | null = null;
  let broker: EmbeddedBroker | null = null;
  const opened = Promise.withResolvers<void>();
  const publisher = new Publisher({
    isBrokerThere: () => status()?.connected === true,
    monotonicMs: systemClock.monotonicMs,
    log: (level, sentence) => log[level](sentence),
  });
  const joins = new JoinResponder({
    context: () => ({
      isRequired: settings.authMode === 'required',
      aggregatorId,
      salt: requireOpened(identity).salt,
      statsKey: requireOpened(signer).publicKey,
      keys,
    }),
    counted: (outcome) => metrics.join(outcome),
    log: (level, sentence) => log[level](sentence),
    monotonicMs: systemClock.monotonicMs,
  });

  const supervisor = new Supervisor(settings.lifecycle, {
    facts(facts) {
      ingest.send({ type: 'transitions', facts });
      for (const { from, to } of facts) if (from !== null) metrics.transition(from, to);
    },
    failed({ number, outcome, error }) {
      metrics.actorFailed(outcome);
      log.error(`actors: the actor of node number ${number} failed and is ${outcome}`, { error });
    },
  });
  const descriptors = new DescriptorWatch({
    exhausted: (sentence) => log.error(`process: ${sentence}`),
    freed: () => log.info('process: file descriptors are free again'),
  });
  const refusedReads = new RefusedReads({
    refused: (sentence) => log.error(`database: ${sentence}`, { code: 'database_unusable' }),
    over: () => log.info('database: all that was refused can be read again'),
  });
  const metrics = createMetrics({
    accounts: () => accounts,
    status,
    nodes: countNodes,
    trust: () => trust,
    missing: () => missing,
    pool: () => ({ queueTasks: pool?.queueTasks ?? 0 }),
    feed: () => http.feed(),
    logLoss: parts.logLoss,
    descriptors: () => descriptors,
    refusals: () => (status()?.refusals ?? 0) + publisher.refusals + (joins.problem === null ? 0 : 1),
    version,
    wallMs: (monotonicMs) => clockSteps.wallMs(monotonicMs),
  });
  const http: FederationHttpServer = createFederationServer(
    { ...settings.http, apiAuth: settings.apiAuth },
    {
      live: () => true,
      readiness,
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
      aggregatorId: () => aggregatorId,
      statistics: (period) => latest.get(period) ?? null,
      nodes: (query) => requirePool().ask('nodePage', { query }),
      node: (nodeId) => requirePool().ask('node', { nodeId }),
      history: (query) =>
        requirePool().ask('history', {
          query,
          tickMs: settings.publish.intervalMs,
        }),
      reporting: () => requirePool().ask('reporting', { nowMs: systemClock.nowMs() }),
      current: () =>
        liveState({
          aggregatorId,
          version,
          startedAtMs: clockSteps.wallMs(startedAtMs),
          publishIntervalMs: settings.publish.intervalMs,
          readiness: readiness(),
          accounts,
          status: status(),
          nodes: countNodes(),
          lastHeardAtMs: wallMs(lastHeardAtMs),
          lastTickAtMs: wallMs(lastTickAtMs),
          missing: listMissing(missing),
        }),
      trust: () => trust,
      findKey: (keyId) => keys.find(keyId),
      keyUsed: (keyId) => ingest.send({ type: 'keyUsed', keyId, atMs: systemClock.nowMs() }),
      statisticsKeys: () => (signer === null ? [] : [signer.publicKey]),
      limits: () => settings.limits,
      nowMs: systemClock.nowMs,
      monotonicMs: systemClock.monotonicMs,
      failed: (error) => log.error('http: a request failed', { error }),
    },
  );
  const ingestData: IngestThreadData = { settings, seams: parts.seams?.ingest ?? {} };
  const ingest = new ChildThread<MainToIngest, IngestToMain>(
    { url: ingestThreadUrl, name: 'ingest', data: ingestData },
    { message: receive, died: (error) => die('ingest', error) },
  );
  const clockLooks = setInterval(lookAtClock, CLOCK_LOOK_INTERVAL_MS);
  const commands = new OperatorCommands((id, change) => ingest.send({ type: 'change', id, change }));

  function readiness(): Readiness {
    return judgeReadiness({
      status: status(),
      workersUp: pool?.isUp ?? false,
      readProblem: refusedReads.problem,
      missing: listMissing(missing),
      lastTickAtMs,
      startedAtMs,
      caughtUpAtMs,
      publishIntervalMs: settings.publish.intervalMs,
      publishProblem: publisher.problem,
      joinProblem: joins.problem,
      nowMs: systemClock.monotonicMs(),
      logLoss: parts.logLoss(),
      descriptorProblem: descriptors.problem,
    });
  }

  function die(thread: string, error: unknown): void {
    log.error(`${thread}: the thread died`, { error });
    const what = `The ${thread} thread died; what was committed is safe, and the next start reads on from there.`;
    fail(new CodedError('ingest_failed', what));
  }

  function fail(error: CodedError): void {
    // Before the database is open it is the start that fails, and who called it tells.
    if (!isOpened) opened.reject(error);
    else if (!isStopping) parts.fatal(error);
  }

  function receive(message: IngestToMain): void {
    switch (message.type) {
      case 'opened':
        ({ aggregatorId, observedMs, identity, missing } = message);
        keys = new KeyBook(message.keys);
        signer = createStatisticsSigner(message.identity.statisticsKey);
        isOpened = true;
        opened.resolve();
        return;
      case 'committed':
        observedMs = message.observedMs;
        if (message.signs.length > 0) lastHeardAtMs = systemClock.monotonicMs();
        supervisor.gone(message.gone);
        supervisor.heard(message.signs, { nowMs: systemClock.nowMs(), observedMs });
        return;
      case 'snapshot':
        ({ accounts, totalNodes, trust, missing, observedMs } = message);
        reports.ofWriter(message.status, systemClock.monotonicMs());
        sweep();
        return;
      case 'keys':
        keys = new KeyBook(message.keys);
        return;
      case 'changed':
        commands.answer(message.id, message.reply);
        return;
      case 'log':
      case 'failed':
      case 'stopped':
        receiveCommon(message);
        return;
      default:
        unreachable(message);
    }
  }

  function receiveFromSource(message: SourceToMain): void {
    if (message.type !== 'status') receiveCommon(message);
    else if (reports.ofSource(message.status, systemClock.monotonicMs())) {
      caughtUpAtMs = systemClock.monotonicMs();
      ticker?.start();
    }
  }

  function receiveCommon(
    message: Extract<SourceToMain | IngestToMain, { type: 'log' | 'failed' | 'stopped' }>,
  ): void {
    if (message.type === 'log') log[message.level](message.sentence);
    if (message.type === 'failed') fail(new CodedError(message.code, message.sentence));
  }

  /** A sweep looks at every node: once a second is enough, however many commits there are. */
  function sweep(): void {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - sweptAtMs < SWEEP_INTERVAL_MS) return;
    sweptAtMs = nowMs;
    supervisor.sweep({ nowMs: systemClock.nowMs(), observedMs });
  }

  /** Names a step of the wall clock, once. */
  function lookAtClock(): void {
    const step = clockSteps.since(readClocks(systemClock));
    if (step !== null) log.warn(describeStep(step));
  }

  /** Names a wall clock that was set while the program was away. */
  async function compareClock(): Promise<void> {
    const recordedMs = await requirePool().ask('lastTick', { period: 'all' });
    const line = recordedMs === null ? null : describeStart({ recordedMs, nowMs: systemClock.nowMs() });
    if (line !== null) log.warn(line);
  }

  function countNodes(): Record<NodeState, number> {
    const { online, stale } = supervisor.counts;
    // Nodes that were forgotten have no actor; they are offline.
    return { online, stale, offline: Math.max(0, totalNodes - online - stale) };
  }

  function startSource(nats: NatsOptions): ChildThread<MainToSource, SourceToMain> {
    const { port1, port2 } = new MessageChannel();
    const sourceData: SourceThreadData = { settings, nats, observedMs, ingest: port1 };
    ingest.send({ type: 'source', port: port2 }, [port2]);
    return new ChildThread<MainToSource, SourceToMain>(
      { url: sourceThreadUrl, name: 'source', data: sourceData, transfer: [port1] },
      { message: receiveFromSource, died: (error) => die('source', error) },
    );
  }

  /** What the database refuses is told by `refusedReads`, once. */
  function warn(sentence: string, error: unknown): void {
    if (!(error instanceof CodedError && error.code === 'database_unusable')) log.warn(sentence, { error });
  }

  function requirePool(): WorkerPool<FederationQuestions> {
    if (pool === null) throw new CodedError('worker_timeout', 'The worker pool is not running yet.');
    return pool;
  }

  function makeTicker(): Ticker {
    return new Ticker(
      {
        intervalMs: settings.publish.intervalMs,
        geographyIntervalMs: LOCATION_INTERVAL_MS,
        publishes: settings.publish.enabled,
        aggregatorId,
      },
      {
        readStatistics: (nowMs) => requirePool().ask('statistics', { nowMs }),
        readGeography: () => requirePool().ask('geography', { minimum: settings.privacyMinCell }),
        publish: (messages) => publisher.publish(messages),
        store: (tick) => ingest.send({ type: 'statistics', tick }),
        done(tick, seconds, published) {
          lastTickAtMs = systemClock.monotonicMs() - seconds * 1000;
          latest = statisticsByPeriod(tick, aggregatorId);
          metrics.tick(seconds);
          if (published) metrics.published(lastTickAtMs);
          log.debug('tick: statistics made', { seconds, published });
        },
        failed: (error) => warn('tick: no statistics this time, the next tick tries again', error),
        isCaughtUp: () => reports.isCaughtUp,
        nowMs: systemClock.nowMs,
        monotonicMs: systemClock.monotonicMs,
      },
    );
  }

  function makeAuditor(): Auditor {
    return new Auditor(
      {
        workerUrl: auditWorkerUrl,
        databasePath: settings.databasePath,
        intervalMs: parts.seams?.auditIntervalMs ?? AUDIT_INTERVAL_MS,
        timeMaxMs: AUDIT_TIME_MAX_MS,
      },
      {
        done({ drift, checks }) {
          refusedReads.answered('audit');
          metrics.audited(drift, systemClock.monotonicMs());
          const found = checks.filter(({ differing }) => differing > 0);
          const what = found.map(({ name, differing }) => `${name}: ${differing}`).join(', ');
          if (drift > 0) log.error(`audit: ${drift} differ (${what}): a defect of ours; please report it`);
          else log.debug('audit: all equal');
        },
        refused: (sentence) => refusedReads.refused('audit', sentence),
        failed: (error) => log.warn('audit: it was not made, the next one tries again', { error }),
      },
    );
  }

  return {
    async start() {
      await opened.promise;
      // Without them everything goes on, but changes need the program stopped.
      await commands.start(settings.databasePath).catch((error: unknown) => {
        const what = 'the socket beside the database cannot be made';
        log.warn(`commands: ${error instanceof CodedError ? error.message : what}`, { error });
      });
      const { url } = await http.start();
      // The stop has looked for a broker already: one that is started now would be left behind.
      if (isStopping) return { httpUrl: url };
      broker = brokerOfOurs(settings, parts.searchPath, {
        lockFolder: lockBrokerFolder,
        log: (level, message) => log[level](`broker: ${message}`),
        onDown: (reason) => log.warn(`broker: our nats-server is down (${reason}); starting it again`),
        onUp: () => log.info('broker: our nats-server is up again'),
      });
      const endpoint = (await broker?.start()) ?? null;
      const nats = natsOptions(settings.nats, endpoint);
      pool = new WorkerPool({
        workerUrl: parts.seams?.poolWorkerUrl ?? poolWorkerUrl,
        databasePath: settings.databasePath,
        threads: settings.workers,
        taskTimeMaxMs: WORKER_TASK_TIME_MAX_MS,
        queueTasksMax: WORKER_QUEUE_TASKS_MAX,
        refusedReads,
        onRun: (seconds) => metrics.workerRun(seconds),
      });
      await resumeNodes(RESUME_RETRY_MS, {
        nodesAfter: (number) =>
          requirePool().ask('nodesToResume', { afterNumber: number, limit: RESUME_PAGE_NODES }),
        heard: (signs) => supervisor.heard(signs, { nowMs: systemClock.nowMs(), observedMs }),
        waits: (error) =>
          log.warn('start: the nodes cannot be read yet, trying again until they can', { error }),
        isStopping: () => isStopping,
      });
      if (isStopping) return { httpUrl: url };
      await compareClock().catch((error: unknown) =>
        warn('clock: it was not compared with the one of the last run', error),
      );
      ticker = makeTicker();
      auditor = makeAuditor();
      auditor.start();
      void publisher.start(nats, requireOpened(signer));
      if (settings.publish.enabled) void joins.start(nats);
      source = startSource(nats);
      log.info(`broker: ${nats.servers.join(', ')}${endpoint === null ? '' : `, ${endpoint.describes}`}`);
      if (endpoint?.wsUrl != null) log.info(`broker for monitors: ${endpoint.wsUrl} (WebSocket)`);
      const link =
        settings.databaseLink === undefined ? '' : ` (DB_PATH ${settings.databaseLink} leads there)`;
      log.info(`database: ${settings.databasePath}${link}`);
      log.info(`http: ${url} (statistics, /metrics, /readyz)`);
      return { httpUrl: url };
    },
    kill() {
      broker?.kill();
    },
    async stop() {
      isStopping = true;
      clearInterval(clockLooks);
      await Promise.all([ticker?.stop(), source?.stop(), auditor?.stop()]);
      // Nobody needs the broker any more; what is merged goes to SQLite.
      commands.stop();
      const brokerGone = Promise.all([publisher.stop(), joins.stop()]).then(() => broker?.stop());
      await Promise.all([ingest.stop(), http.stop(), pool?.stop(), brokerGone]);
      supervisor.stop();
      metrics.stop();
      descriptors.stop();
    },
  };
}

/** What the ingest thread tells before anything else is started. */
function requireOpened<T>(value: T | null): T {
  if (value === null) throw new CodedError('internal', 'The database is not open yet.');
  return value;
}
