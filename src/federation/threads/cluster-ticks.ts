// The main thread's ticks in a cluster: it answers the questions of the publisher, is the publisher while it holds the
// lease, and takes every published tick over, for the API and for the history of this database. Only wiring.

import { askReplicas } from '../cluster/ask.ts';
import { AskResponder } from '../cluster/ask-responder.ts';
import { ClusterTicker } from '../cluster/cluster-ticker.ts';
import type { BrokerTime } from '../cluster/broker-time.ts';
import type { ClusterAccess } from '../cluster/connection.ts';
import { StatsReader } from '../cluster/stats-reader.ts';
import type { Settings } from '../config/settings.ts';
import { STATS_STREAM } from '../domain/cluster.ts';
import { NOTHING_PUBLISHED, rememberTick, type WholeTick } from '../domain/published-tick.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { Skip, SkipReason } from '../domain/tick-rules.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { FencedPublisher, STATS_TIMEOUT_MS } from '../sinks/fenced-publisher.ts';
import type { FederationQuestions } from '../workers/questions.ts';
import { openFencedStream } from '../../io/fenced-stream.ts';
import type { Log } from '../../io/log.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import type { Known } from './known.ts';
import { warnOfQuestion } from './tick-and-audit.ts';

/** What the ticks use of the link to the cluster. */
export interface TickLink extends ClusterAccess {
  /** A random id of this process. */
  readonly process: string;
  readonly isPublisher: boolean;
  /** Input streams that were removed from the cluster. */
  readonly goneStreams: ReadonlySet<string>;
  readonly time: Pick<BrokerTime, 'nowMs'>;
  /** Makes one of the cluster's streams that is missing. */
  makeStream(name: string): Promise<void>;
}

/** What {@link ClusterTicks} needs of the main thread. */
export interface ClusterTicksParts {
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly known: Pick<Known, 'isOpened' | 'isCaughtUp' | 'opened' | 'aggregatorId' | 'ticked'>;
  readonly pool: Pick<WorkerPool<FederationQuestions>, 'ask' | 'isUp'>;
  readonly metrics: Pick<Metrics, 'tick' | 'published' | 'question' | 'tickSkipped'>;
  /** The process in its cluster. */
  readonly link: TickLink;
  /** The prefix of the inboxes of this process; null for the client's own. */
  inboxPrefix(): string | null;
  /** Sends the rows of a tick to the writer. */
  store(tick: TickStatistics): void;
}

/** The settings of a process in a cluster. */
export type ClusterTicksSettings = Pick<Settings, 'publish' | 'privacyMinCell' | 'ingest'> & {
  readonly cluster: NonNullable<Settings['cluster']>;
};

/** All parts of the ticks as one part. It is started when the process has joined its cluster. */
export class ClusterTicks implements Part {
  readonly #settings: ClusterTicksSettings;
  readonly #parts: ClusterTicksParts;
  readonly #responder: AskResponder;
  readonly #ticker: ClusterTicker;
  #reader: StatsReader | null = null;
  #newest: WholeTick | null = null;
  /** The reason of the last tick that was skipped, so that each change is logged once; null after a published one. */
  #told: SkipReason | null = null;

  constructor(settings: ClusterTicksSettings, parts: ClusterTicksParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#responder = this.#makeResponder();
    this.#ticker = this.#makeTicker();
  }

  async start(): Promise<void> {
    this.#reader = this.#makeReader(await this.#storedMs());
    await this.#responder.start();
    await this.#reader.start();
    this.#ticker.start();
  }

  async stop(): Promise<void> {
    await this.#ticker.stop();
    await Promise.all([this.#responder.stop(), this.#reader?.stop()]);
  }

  /** Why the latest statistics that this process had to publish were not published; null if they were, or none were due. */
  get problem(): string | null {
    const { problem } = this.#ticker;
    return problem === null ? null : `statistics are not published: ${problem.sentence}`;
  }

  /** The time of the last tick in the history. If the database does not say it, nothing older than now is stored. */
  async #storedMs(): Promise<number | null> {
    try {
      return await this.#parts.pool.ask('lastTick', { period: 'all' });
    } catch (error) {
      warnOfQuestion(this.#parts.log, 'tick: the history has a gap, its end could not be read', error);
      return systemClock.nowMs();
    }
  }

  /** This process has become the publisher: it ticks at once if a tick is due. */
  becamePublisher(): void {
    this.#ticker.becamePublisher();
  }

  #over<T>(make: (connection: NonNullable<ReturnType<ClusterAccess['connection']>>) => T): T | null {
    const connection = this.#parts.link.connection();
    return connection === null ? null : make(connection);
  }

  #makeResponder(): AskResponder {
    const { link, known, pool, log, metrics } = this.#parts;
    const { partition, replica } = this.#settings.cluster;
    return new AskResponder(
      { partition, replica, process: link.process },
      {
        access: link,
        refusal: () => {
          if (!known.isOpened || !pool.isUp) return 'starting';
          return known.isCaughtUp ? null : 'catching_up';
        },
        readPartial: (nowMs) => pool.ask('partial', { nowMs }),
        readPlaces: () => pool.ask('places', {}),
        readDigests: (request) => pool.ask('digests', { request }),
        counted: (outcome) => metrics.question(outcome),
        failed: (error) => warnOfQuestion(log, 'tick: a question of the publisher was not answered', error),
      },
    );
  }

  #makeReader(storedMs: number | null): StatsReader {
    const { known, store, log } = this.#parts;
    return new StatsReader({
      stream: () => this.#over((connection) => openFencedStream(connection, STATS_STREAM, STATS_TIMEOUT_MS)),
      timers: systemTimers,
      storedMs,
      newest: (tick) => {
        this.#newest = tick;
        const ageMs = Math.max(0, this.#parts.link.time.nowMs() - tick.header.t);
        known.ticked(tick.tick, systemClock.monotonicMs() - ageMs);
      },
      missing: ({ tick }) => store(tick),
      problem: (problem) => {
        if (problem === null) log.info('tick: published statistics are read again');
        else log.warn(`tick: published statistics cannot be read (${problem}); trying again every second`);
      },
    });
  }

  #makeTicker(): ClusterTicker {
    const { link, known, metrics, log } = this.#parts;
    const { publish, cluster, privacyMinCell } = this.#settings;
    return new ClusterTicker(
      {
        intervalMs: publish.intervalMs,
        partitions: cluster.partitions,
        // Monitors hear it, and the name of a replica may be that of a machine.
        publisher: link.process,
        privacyMinCell,
      },
      {
        clock: { nowMs: () => link.time.nowMs(), monotonicMs: systemClock.monotonicMs },
        timers: systemTimers,
        random: randomShare,
        isPublisher: () => publish.enabled && link.isPublisher,
        ask: (partition, heard, signal) => {
          const answers = {
            inboxPrefix: this.#parts.inboxPrefix(),
            heard: (_partition: number, reply: Parameters<typeof heard>[0]) => heard(reply),
            ignored: () => metrics.question('ignored'),
          };
          const ask = this.#over((connection) => askReplicas(connection, partition, answers, signal));
          return ask ?? (() => undefined);
        },
        fence: new FencedPublisher({
          connection: () => link.connection(),
          open: openFencedStream,
          signer: () => known.opened.signer,
          aggregatorId: () => known.aggregatorId,
          makeStream: () => link.makeStream(STATS_STREAM),
        }),
        gone: () => link.goneStreams,
        remembered: () => (this.#newest === null ? NOTHING_PUBLISHED : rememberTick(this.#newest)),
        published: (_tick, seconds) => {
          metrics.tick(seconds);
          metrics.published(systemClock.monotonicMs() - seconds * 1000);
          log.debug('tick: statistics published', { seconds });
          if (this.#told !== null) log.info('tick: statistics are published again');
          this.#told = null;
          this.#reader?.look();
        },
        skipped: (skip) => this.#skipped(skip),
      },
    );
  }

  #skipped({ reason, sentence }: Skip): void {
    this.#parts.metrics.tickSkipped(reason);
    if (reason === this.#told) return;
    this.#told = reason;
    const level = reason === 'fell' ? 'error' : 'warn';
    this.#parts.log[level](
      `tick: statistics are not published: ${sentence} (${reason}); the next tick tries again`,
    );
  }
}
