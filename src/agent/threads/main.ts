// The main thread's wiring: the reader's thread → outbox → the link to the broker; statistics → state, page; HTTP. It makes
// the parts, starts them in order and stops them. It decides nothing.

import { NodeActors } from '../../actors/node-actors.ts';
import type { LossyLog } from '../../io/log.ts';
import { OperatorDesk } from '../../io/operator-desk.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { ClockWatch } from '../../lib/clock-watch.ts';
import { type DescriptorWatch, watchDescriptors } from '../../lib/descriptors.ts';
import type { CodedError } from '../../lib/errors.ts';
import { type Part, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { Exposition } from '../../metrics/registry.ts';
import { ConnectionActor } from '../actors/connection-actor.ts';
import type { AgentSettings } from '../config/settings.ts';
import type { AgentIdentity, OpenedState } from '../domain/agent-state.ts';
import type { NodeCounts } from '../domain/messages.ts';
import type { ShortPeriod, StatisticsRow } from '../domain/network-statistics.ts';
import { decodeOperatorRequest, type OperatorRequest, type Trusted } from '../domain/operator-request.ts';
import type { AgentView } from '../domain/view.ts';
import { type AgentHttpServer, createAgentServer } from '../http/server.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { FederationLink } from '../sinks/federation-link.ts';
import { redactedName } from '../sources/file-name.ts';
import { agentView } from './agent-view.ts';
import { KeptValues } from './kept-values.ts';
import { ReaderSide } from './reader-side.ts';

/** What the agent needs of the command that runs it. */
export interface AgentParts {
  readonly log: LossyLog;
  /** Called when the agent cannot continue: the caller must stop it and end with a non-zero code. */
  fatal(error: CodedError): void;
  readonly isDemonstration: boolean;
}

/** Where the agent listens. */
export interface AgentAddress {
  readonly url: string;
}

/** The running agent. */
export interface AgentApp extends Part<AgentAddress> {
  /** Resolves when the state is open and HTTP listens; broker and files may still be away. Throws a `CodedError`. */
  start(): Promise<AgentAddress>;
  /** Says that the node leaves, stores everything, and ends the reader's thread. */
  stop(): Promise<void>;
  /** Ends at once; there are no child processes. */
  kill(): void;
}

/** The supervisor has one ward, and sweeps nothing. */
const NO_SILENCE = { staleAfterMs: Infinity, offlineAfterMs: Infinity, forgetAfterMs: Infinity };
/** How brokers name the connection; the node id would tell it to everyone who may monitor a broker. */
const CONNECTION_NAME = 'truebit-agent';

/** Makes the agent; it does nothing before `start`. */
export function createAgent(settings: AgentSettings, parts: AgentParts): AgentApp {
  return new AgentMain(settings, parts);
}

/** What is there once the state is open. */
interface Running {
  readonly link: FederationLink;
  readonly isEnabled: boolean;
}

class AgentMain implements AgentApp {
  readonly #settings: AgentSettings;
  readonly #parts: AgentParts;
  readonly #started = new AsyncDisposableStack();
  readonly #startedMs = systemClock.nowMs();
  readonly #clock: ClockWatch;
  readonly #descriptors: DescriptorWatch;
  readonly #reader: ReaderSide;
  readonly #actors: NodeActors;
  readonly #kept = new KeptValues();
  readonly #metrics: Exposition;
  readonly #http: AgentHttpServer;
  readonly #requests: OperatorDesk<OperatorRequest>;
  readonly #periods: Partial<Record<ShortPeriod, StatisticsRow>> = {};
  #statistics: StatisticsRow | null = null;
  #identity: AgentIdentity | null = null;
  #openedCounts: NodeCounts | null = null;
  #running: Running | null = null;

  constructor(settings: AgentSettings, parts: AgentParts) {
    const { log } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.#clock = new ClockWatch((sentence) => log.warn(sentence));
    this.#descriptors = watchDescriptors(log);
    this.#reader = this.#makeReader();
    this.#actors = new NodeActors(NO_SILENCE, {
      log,
      clock: systemClock,
      transitions: () => undefined,
      failed: () => undefined,
    });
    this.#metrics = createMetrics({
      view: () => this.#view(),
      feed: () => this.#http.feed(),
      nowMs: () => systemClock.nowMs(),
      wallMs: (monotonicMs) => this.#clock.wallMs(monotonicMs),
    });
    this.#http = this.#makeServer();
    this.#requests = new OperatorDesk(settings.databasePath, {
      log,
      decode: decodeOperatorRequest,
      answer: async () => this.#trust(),
    });
  }

  async start(): Promise<AgentAddress> {
    await startAt(this.#started, this.#descriptors);
    this.#started.defer(() => this.#metrics.stop());
    await startAt(this.#started, this.#clock);
    const opened = await startAt(this.#started, this.#reader);
    const { identity } = opened;
    this.#identity = identity;
    this.#openedCounts = opened.counts;
    this.#statistics = opened.statistics;
    const link = this.#makeLink(opened);
    this.#running = { link, isEnabled: identity.isEnabled };
    const { salt } = link;
    if (salt !== null && salt !== opened.salt) this.#kept.keep('salt', () => this.#reader.setSalt(salt));
    const address = await startAt(this.#started, this.#http);
    await startAt(this.#started, this.#requests);
    // It stops first: the node says that it leaves while everything is there.
    await startAt(this.#started, link);
    this.#tellStart(identity, address.url);
    return address;
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {}

  #makeReader(): ReaderSide {
    const { sources, databasePath, queueMax } = this.#settings;
    const { log } = this.#parts;
    return new ReaderSide(
      { ...sources, path: databasePath, queueMax },
      {
        log,
        reported: () => this.#reported(),
        fatal: (error) => {
          if (!this.#started.disposed) this.#parts.fatal(error);
        },
      },
    );
  }

  #reported(): void {
    this.#running?.link.wake();
    if (this.#reader.report?.stateProblem === null) this.#kept.retry();
  }

  #makeLink(opened: OpenedState): FederationLink {
    const { nats, apiKey, salt, statsKey, ratePerMinute, location } = this.#settings;
    const { identity } = opened;
    const judge = new ConnectionActor({
      failed: (outcome, error) =>
        this.#parts.log.error(
          `connection: its actor failed and was ${outcome}, which is a defect; please report it`,
          {
            error,
          },
        ),
    });
    this.#actors.takeIn(judge);
    this.#started.defer(() => this.#actors.letGo(judge.id));
    return new FederationLink(
      {
        name: CONNECTION_NAME,
        nats,
        nodeId: identity.nodeId,
        place: {
          continent: this.#settings.continent ?? identity.continent,
          location: identity.sharesLocation ? location : null,
        },
        apiKey,
        salt,
        keptSalt: opened.salt,
        statsKey,
        pinnedKey: identity.statsKey,
        rate: ratePerMinute,
        window: opened.window,
        statistics: opened.statistics,
        isEnabled: identity.isEnabled,
        hasPresence: true,
        asksToJoin: true,
        hearsStatistics: true,
      },
      {
        log: this.#parts.log,
        clock: systemClock,
        timers: systemTimers,
        random: randomShare,
        judge,
        outbox: this.#reader.outbox,
        counts: () => this.#counts(),
        isSourceReadable: () => this.#reader.report?.sources.some(({ isReadable }) => isReadable) ?? false,
        saltChanged: (changed) => this.#kept.keep('salt', () => this.#reader.setSalt(changed)),
        keyPinned: (key) => this.#kept.keep('key', () => this.#reader.pinKey(key)),
        statistics: (row) => {
          this.#statistics = row;
          this.#kept.keep('statistics', () => this.#reader.keepStatistics(row));
        },
        periodStatistics: (period, row) => {
          this.#periods[period] = row;
        },
      },
    );
  }

  #makeServer(): AgentHttpServer {
    const { host, port, allowedOrigins, webSocketsMax, webSocketsPerAddressMax } = this.#settings.http;
    const { nowMs, monotonicMs } = systemClock;
    return createAgentServer(
      {
        host,
        port,
        allowedOrigins,
        connectionsMax: webSocketsMax,
        connectionsPerAddressMax: webSocketsPerAddressMax,
      },
      {
        live: () => true,
        metrics: async () => ({
          contentType: this.#metrics.contentType,
          text: await this.#metrics.text(),
        }),
        failed: (error) =>
          this.#parts.log.error(
            'http: a request failed, which is a defect of the program; please report it',
            {
              error,
            },
          ),
        view: () => this.#view(),
        nowMs: () => nowMs(),
        monotonicMs: () => monotonicMs(),
      },
    );
  }

  #counts(): NodeCounts {
    const counts = this.#reader.report?.counts ?? this.#openedCounts;
    if (counts === null) throw new Error('the agent has not started');
    return counts;
  }

  #view(): AgentView {
    return agentView({
      settings: this.#settings,
      identity: this.#identity,
      isDemonstration: this.#parts.isDemonstration,
      startedMs: this.#startedMs,
      link: this.#running?.link ?? null,
      report: this.#reader.report,
      counts: this.#openedCounts,
      statistics: this.#statistics,
      periods: this.#periods,
      logLinesDropped: this.#parts.log.loss().lines,
    });
  }

  #trust(): Trusted {
    const link = this.#running?.link;
    const before = link?.statisticsKey?.kid ?? null;
    const offered = link?.offeredKey ?? null;
    const isAccepted = link?.trust() === true;
    return { accepted: isAccepted ? (offered?.kid ?? null) : null, before, isPinGone: false };
  }

  #tellStart({ nodeId, isEnabled, sharesTasks }: AgentIdentity, url: string): void {
    const { log } = this.#parts;
    // The folder of the state may be one of the node's, which the wallet's address names.
    log.info(`state: ${redactedName(this.#settings.databasePath)}`);
    log.info(`node: ${nodeId}`);
    if (!isEnabled) log.warn('node: it has opted out of the federation (agent adopt): nothing is sent');
    else if (!sharesTasks) log.warn('node: it shares no tasks (agent adopt): only signs of life are sent');
    log.info(`broker: ${this.#settings.nats.servers.join(', ')}`);
    log.info(`dashboard: ${url} (/api/federation/network-stats, /metrics, /readyz)`);
  }
}
