// The main thread's wiring: ingest thread → node actors → transitions back, pool → tick → broker, HTTP. It makes the
// parts, starts them in order and stops them. It decides nothing; each part's own file describes what the part does.

import { natsOptions } from '../broker/broker-choice.ts';
import { BrokerClients } from './broker-clients.ts';
import { ClusterPart } from './cluster-part.ts';
import { ClusterRequests, isStored } from './cluster-requests.ts';
import type { ClusterSettings, Settings } from '../config/settings.ts';
import { DataThreads } from './data-threads.ts';
import { poolWorkerUrl } from './files.ts';
import { type Answering, httpParts, isReadyAlone, metricsParts, presentOf } from './http-parts.ts';
import type { ControlCommand } from '../domain/cluster.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';
import { createFederationServer, type FederationHttpServer } from '../http/server.ts';
import { type IngestNews, Known, knownFromStart } from './known.ts';
import type { IngestSeams } from './messages.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { NodeActors } from '../../actors/node-actors.ts';
import { makeNotifications, type Notifications } from './notifications.ts';
import { OperatorRequests } from './operator-requests.ts';
import { makeOwnBroker } from './own-broker.ts';
import { OwnEvents } from './own-events.ts';
import { tellStart } from './start-lines.ts';
import { createTickAndAudit, type TickAndAudit, warnOfQuestion } from './tick-and-audit.ts';
import type { EmbeddedBroker } from '../../io/embedded-broker/broker.ts';
import type { Log } from '../../io/log.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { systemClock } from '../../lib/clock.ts';
import { ClockWatch } from '../../lib/clock-watch.ts';
import { type DescriptorWatch, watchDescriptors } from '../../lib/descriptors.ts';
import { CodedError } from '../../lib/errors.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import { type Part, SideBySide, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import { LastBackup } from '../../store/last-backup.ts';
import { WorkerPool } from '../../workers/pool.ts';
import type { ReceiverConfig } from '../../notify/receivers.ts';
import { type RefusedReads, watchReads } from '../../workers/refused-reads.ts';
import type { FederationQuestions } from '../workers/questions.ts';

/** What tests may change that an operator cannot. */
export interface AppSeams {
  readonly ingest?: IngestSeams;
  /** The entry file of the pool's threads. */
  readonly poolWorkerUrl?: URL;
  /** Time between two audits. */
  readonly auditIntervalMs?: number;
}

/** What the aggregator needs of the command that runs it. */
export interface AppParts {
  readonly log: Log;
  /** The lines that the log could not write. */
  logLoss(): LineLoss;
  /** Called when the program cannot continue: the caller must stop it and end with a non-zero code. */
  fatal(error: CodedError): void;
  /** The receivers of notifications. */
  readonly receivers?: readonly ReceiverConfig[];
  /** The variable PATH, in which to search for nats-server. */
  readonly searchPath: string;
  readonly seams?: AppSeams;
}

/** The running aggregator. */
export interface App extends Part {
  /** Resolves when every part that can run is running; the broker may still be away. Throws a `CodedError`. */
  start(): Promise<void>;
  /** Commits everything merged, and ends every thread and child process. */
  stop(): Promise<void>;
  /** Kills all child processes without waiting, for a process that ends at once. */
  kill(): void;
}

/** Makes the aggregator; it does nothing before `start`. */
export function createApp(settings: Settings, parts: AppParts): App {
  return new MainThread(settings, parts);
}

class MainThread implements App {
  readonly #settings: Settings;
  readonly #parts: AppParts;
  /** The started parts; disposed from the moment at which the program must stop. */
  readonly #started = new AsyncDisposableStack();
  readonly #known: Known;
  readonly #clock: ClockWatch;
  readonly #descriptors: DescriptorWatch;
  readonly #refusedReads: RefusedReads;
  readonly #threads: DataThreads;
  readonly #operatorRequests: OperatorRequests;
  readonly #notifications: Notifications;
  readonly #events: OwnEvents;
  readonly #nodes: NodeActors;
  readonly #pool: WorkerPool<FederationQuestions>;
  /** Null if the settings name another broker. */
  readonly #broker: EmbeddedBroker | null;
  readonly #clients: BrokerClients;
  readonly #metrics: Metrics;
  readonly #http: FederationHttpServer;
  /** Null for a process on its own. */
  readonly #cluster: ClusterPart | null;
  /** Resolves when the database belongs to the cluster that it was told to join; null if it was told nothing. */
  #joining: PromiseWithResolvers<void> | null = null;
  #httpUrl = '';
  /** Made with the first command of a cluster. */
  #requests: ClusterRequests | null = null;
  #nats: NatsOptions;

  constructor(settings: Settings, parts: AppParts) {
    const { log } = parts;
    const version = programVersion();
    this.#settings = settings;
    this.#parts = parts;
    this.#known = new Known(knownFromStart(settings, version, systemClock.monotonicMs()));
    this.#clock = new ClockWatch((sentence) => log.warn(sentence));
    this.#descriptors = watchDescriptors(log);
    this.#refusedReads = watchReads(log);
    this.#threads = new DataThreads(settings, parts.seams?.ingest ?? {}, {
      log,
      news: (news) => this.#learn(news),
      replied: (id, reply) => this.#operatorRequests.answer(id, reply),
      fatal: (error) => this.#fail(error),
    });
    this.#operatorRequests = new OperatorRequests(settings.databasePath, {
      ask: (id, request) => this.#threads.send({ type: 'operatorRequest', id, request }),
      cluster: settings.cluster === null ? null : { reply: (command) => this.#command(command) },
      failed: (sentence, error) => log.warn(`commands: ${sentence}`, { error }),
    });
    this.#notifications = makeNotifications(settings, parts, this.#known, () => this.#cluster);
    this.#events = new OwnEvents({
      clock: systemClock,
      timers: systemTimers,
      present: () => presentOf(answering),
      tell: (event) => {
        this.#threads.send({ type: 'event', event });
        this.#notifications.tell(event);
        this.#metrics.event(event.kind);
      },
    });
    this.#nodes = this.#makeNodes();
    this.#pool = this.#makePool();
    this.#broker = makeOwnBroker(settings, parts);
    this.#nats = natsOptions(settings.nats, null);
    this.#clients = new BrokerClients(settings, {
      log,
      known: this.#known,
      nats: () => this.#nats,
      joined: (outcome) => this.#metrics.join(outcome),
    });
    const answering: Answering = {
      log,
      known: this.#known,
      clients: this.#clients,
      clock: this.#clock,
      descriptors: this.#descriptors,
      nodes: this.#nodes,
      pool: this.#pool,
      refusedReads: this.#refusedReads,
      notifications: this.#notifications,
      logLoss: parts.logLoss,
      lastBackup: new LastBackup(settings.databasePath),
      cluster: () => this.#cluster,
    };
    this.#metrics = createMetrics(
      metricsParts(version, settings.ingest.mode, answering, () => this.#http.feed()),
    );
    this.#http = createFederationServer(
      { ...settings.http, apiAuth: settings.apiAuth },
      httpParts(settings, answering, this.#metrics, (keyId) =>
        this.#threads.send({ type: 'keyUsed', keyId, atMs: systemClock.nowMs() }),
      ),
    );
    this.#cluster = settings.cluster === null ? null : this.#makeCluster(settings.cluster, answering);
  }

  async start(): Promise<void> {
    try {
      await this.#startParts();
    } catch (error) {
      // A start that fails ends with an error, so that what it leaves behind is no end in order.
      if (!this.#started.disposed) this.#events.failed();
      throw error;
    }
  }

  async #startParts(): Promise<void> {
    await startAt(this.#started, this.#descriptors);
    this.#started.defer(() => this.#metrics.stop());
    await startAt(this.#started, this.#notifications);
    // Parts that bring in work stop first; parts that commit and answer stop last. The broker stops after its clients.
    const last = this.#started.use(new SideBySide());
    const onBroker = new AsyncDisposableStack();
    last.defer(() => onBroker.disposeAsync());
    this.#started.defer(() => this.#events.ended());
    const first = this.#started.use(new SideBySide());

    await startAt(first, this.#clock);
    await startAt(last, this.#threads.ingest);
    await startAt(first, this.#events);
    await startAt(last, this.#operatorRequests);
    const { url } = await startAt(last, this.#http);
    this.#httpUrl = url;
    const endpoint = this.#broker === null ? null : await startAt(onBroker, this.#broker);
    this.#nats = natsOptions(this.#settings.nats, endpoint);
    await startAt(last, this.#pool);
    await this.#resumeNodes();
    await this.#compareClocks();
    const ticks = this.#makeTicks();
    await startAt(first, ticks);
    await startAt(onBroker, this.#clients);
    this.#known.monitorsConnectTo(endpoint?.wsUrl ?? null);
    tellStart(this.#parts.log, this.#settings, { httpUrl: url, servers: this.#nats.servers, endpoint });
    // A replica reads its log only as a member of its cluster.
    if (this.#cluster !== null && !(await this.#cluster.join(onBroker))) return;
    await startAt(first, this.#makeSource(ticks));
    await this.#cluster?.start(first);
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {
    this.#broker?.kill();
  }

  /** Records a report of the ingest thread, and passes what concerns the node actors to them. */
  #learn(news: IngestNews): void {
    this.#known.apply(news, systemClock.monotonicMs());
    this.#events.learn(news);
    if (news.type === 'joined') this.#joining?.resolve();
    if (news.type === 'committed') this.#nodes.committed(news);
    // The thread sends a snapshot at each commit and once a second, which is often enough for sweeps.
    if (news.type === 'snapshot') this.#nodes.sweep(news.observedMs);
  }

  #fail(error: CodedError): void {
    if (this.#started.disposed) return;
    this.#events.failed();
    this.#parts.fatal(error);
  }

  async #resumeNodes(): Promise<void> {
    await this.#nodes.resume(this.#known.observedMs, {
      nodesAfter: (afterNumber, limit) => this.#pool.ask('nodesToResume', { afterNumber, limit }),
      isStopping: () => this.#started.disposed,
    });
  }

  /** Logs a warning if the wall clock was set while the program was not running. */
  async #compareClocks(): Promise<void> {
    try {
      this.#clock.compareWith(await this.#pool.ask('lastTick', { period: 'all' }));
    } catch (error) {
      if (this.#started.disposed) return;
      warnOfQuestion(this.#parts.log, 'clock: it was not compared with the one of the last run', error);
    }
  }

  /** An operator's request that every replica of the cluster must carry out. */
  #command(command: ControlCommand): Promise<OperatorRequestReply> {
    this.#requests ??= new ClusterRequests({
      command: (each) => this.#clustered.link.command(each),
      ask: (request) => this.#operatorRequests.ask(request),
      hasNode: (nodeId) => isStored(this.#pool, nodeId),
    });
    return this.#requests.reply(command);
  }

  get #clustered(): ClusterPart {
    if (this.#cluster === null) throw new CodedError('internal', 'This process belongs to no cluster.');
    return this.#cluster;
  }

  #makeCluster(cluster: ClusterSettings, answering: Answering): ClusterPart {
    const { log, searchPath } = this.#parts;
    return new ClusterPart(this.#settings, cluster, {
      log,
      known: this.#known,
      pool: this.#pool,
      metrics: this.#metrics,
      version: programVersion(),
      searchPath,
      nats: () => this.#nats,
      isReady: () => isReadyAlone(answering),
      http: () => new URL(this.#httpUrl).host,
      join: (membership, { identity, aggregatorId }) => {
        this.#joining = Promise.withResolvers<void>();
        this.#threads.send({ type: 'join', membership, identity, aggregatorId });
        return this.#joining.promise;
      },
      store: (tick) => this.#threads.send({ type: 'statistics', tick }),
      fatal: (error) => this.#fail(error),
    });
  }

  #makeNodes(): NodeActors {
    return new NodeActors(this.#settings.lifecycle, {
      log: this.#parts.log,
      clock: systemClock,
      transitions: (facts) => {
        this.#threads.send({ type: 'transitions', facts });
        this.#notifications.changed(facts);
        for (const { from, to } of facts) if (from !== null) this.#metrics.transition(from, to);
      },
      failed: (outcome) => this.#metrics.actorFailed(outcome),
    });
  }

  #makePool(): WorkerPool<FederationQuestions> {
    return new WorkerPool({
      workerUrl: this.#parts.seams?.poolWorkerUrl ?? poolWorkerUrl,
      workerData: { databasePath: this.#settings.databasePath },
      threads: this.#settings.workers,
      refusedReads: this.#refusedReads,
      onRun: (seconds) => this.#metrics.workerRun(seconds),
    });
  }

  #makeTicks(): TickAndAudit {
    return createTickAndAudit(this.#settings, {
      log: this.#parts.log,
      known: this.#known,
      pool: this.#pool,
      metrics: this.#metrics,
      refusedReads: this.#refusedReads,
      publish: (messages) => this.#clients.publish(messages),
      audited: (drift) => this.#events.audited(drift),
      store: (tick) => this.#threads.send({ type: 'statistics', tick }),
      auditIntervalMs: this.#parts.seams?.auditIntervalMs,
    });
  }

  #makeSource(ticks: Pick<TickAndAudit, 'caughtUp'>): Part {
    const known = this.#known;
    return this.#threads.source({ nats: this.#nats, observedMs: known.observedMs }, (status) => {
      if (!known.applySource(status, systemClock.monotonicMs())) return;
      this.#notifications.knowsNodes();
      ticks.caughtUp();
    });
  }
}
