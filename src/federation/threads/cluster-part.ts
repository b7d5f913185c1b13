// The main thread's wiring of a cluster: the link to the other processes, the ticks, the splitter's thread and the backup for
// another replica. It makes them, starts and stops them in order, and puts together what the process knows of its cluster.

import { ClusterLink, type ClusterLinkSettings } from '../cluster/link.ts';
import type { ClusterSettings, Settings } from '../config/settings.ts';
import type { Candidate } from '../domain/cluster-config.ts';
import type { ClusterStatus } from '../domain/cluster-status.ts';
import type { SplittersStatus } from '../domain/splitter-status.ts';
import type { ClusterConfig, Membership, ReplicaPosition } from '../domain/cluster.ts';
import { ClusterBackupFile } from '../http/cluster-backup-file.ts';
import type { BackupAnswer } from '../http/cluster-backup.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { FederationQuestions } from '../workers/questions.ts';
import type { Log } from '../../io/log.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { type Part, type Place, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import { ChildThread } from '../../workers/child-thread.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import { diskBeside } from '../../store/free-space.ts';
import { ClusterTicks } from './cluster-ticks.ts';
import { splitterThreadUrl } from './files.ts';
import type { Known } from './known.ts';
import type { MainToSplitter, SplitterThreadData, SplitterToMain } from './splitter-messages.ts';

/** What a {@link ClusterPart} needs of the main thread. */
export interface ClusterPartParts {
  readonly log: Log;
  readonly known: Known;
  readonly pool: Pick<WorkerPool<FederationQuestions>, 'ask' | 'isUp'>;
  readonly metrics: Metrics;
  readonly version: string;
  /** The variable PATH. */
  readonly searchPath: string;
  nats(): NatsOptions;
  /** True if `/readyz` is ok, apart from the cluster. */
  isReady(): boolean;
  /** `host:port` of this process's HTTP. */
  http(): string;
  /** Has the database belong to the cluster; resolves when that is on disk. */
  join(membership: Membership, config: ClusterConfig): Promise<void>;
  /** Sends statistics that the history of this database lacks to the writer. */
  store(tick: TickStatistics): void;
  fatal(error: CodedError): void;
}

/** The cluster, from the start of the main thread to its stop. */
export class ClusterPart {
  readonly link: ClusterLink;
  readonly #settings: Settings & ClusterLinkSettings;
  readonly #parts: ClusterPartParts;
  readonly #ticks: ClusterTicks;
  readonly #backup: ClusterBackupFile;
  /** What the splitters of this process last said; null if it splits nothing. */
  splitters: SplittersStatus | null = null;

  constructor(settings: Settings, cluster: ClusterSettings, parts: ClusterPartParts) {
    const { log, known } = parts;
    this.#settings = { ...settings, cluster };
    this.#parts = parts;
    this.link = new ClusterLink(this.#settings, {
      nats: parts.nats,
      own: (): Pick<Candidate, 'membership' | 'identity' | 'aggregatorId' | 'hasRows'> => known.own,
      position: (): ReplicaPosition | null => known.position,
      isReady: parts.isReady,
      http: parts.http,
      version: parts.version,
      becamePublisher: () => this.#ticks.becamePublisher(),
      join: parts.join,
      clock: systemClock,
      timers: systemTimers,
      random: randomShare,
      log: (level, sentence) => log[level](sentence),
      fatal: parts.fatal,
    });
    this.#ticks = new ClusterTicks(this.#settings, {
      log,
      known,
      pool: parts.pool,
      metrics: parts.metrics,
      link: this.link,
      inboxPrefix: () => parts.nats().inboxPrefix,
      store: parts.store,
    });
    this.#backup = new ClusterBackupFile(
      { databasePath: settings.databasePath, entry: process.argv[1] ?? '', searchPath: parts.searchPath },
      {
        timers: systemTimers,
        room: () => diskBeside(settings.databasePath).room(),
        log: (level, sentence) => log[level](sentence),
      },
    );
  }

  /** Why the statistics that this process had to publish were not published; null if they were, or none were due. */
  get publishProblem(): string | null {
    return this.#ticks.problem;
  }

  /** What this process knows of its cluster. */
  status(): ClusterStatus {
    const status = this.link.status();
    const problem = this.splitters?.problem ?? null;
    if (problem === null) return status;
    const warning = `This process takes over no input stream: ${problem}.`;
    return { ...status, warnings: [...status.warnings, warning] };
  }

  /** Asks for a backup in the name of a key. */
  backup(keyId: string): BackupAnswer {
    return this.#backup.ask(keyId);
  }

  /**
   * Joins the cluster, however long that takes; `place` gets what must stop after the source. Resolves with false if the
   * program was stopped before.
   */
  async join(place: Place): Promise<boolean> {
    const stopped = Promise.withResolvers<boolean>();
    place.defer(() => stopped.resolve(false));
    await startAt(place, this.#backup);
    await startAt(place, this.link);
    return Promise.race([this.link.joined.then(() => true), stopped.promise]);
  }

  /** Starts everything that works with the log and with other processes. */
  async start(place: Place): Promise<void> {
    await startAt(place, this.#ticks);
    if (this.#settings.cluster.split === 'auto') await startAt(place, this.#makeSplitter());
  }

  #makeSplitter(): Part {
    const { log, fatal, nats } = this.#parts;
    const data: SplitterThreadData = { settings: this.#settings, nats: nats(), holder: this.link.holder };
    return new ChildThread<MainToSplitter, SplitterToMain>(
      { url: splitterThreadUrl, name: 'splitter', data },
      {
        message: (message) => {
          if (message.type === 'status') this.splitters = message.status;
          if (message.type === 'log') log[message.level](message.sentence);
          if (message.type === 'failed') fatal(new CodedError(message.code, message.sentence));
        },
        died: (error) => {
          log.error('splitter: the thread died', { error });
          const what =
            'The splitter thread died. Another process splits the streams meanwhile, and the next start goes on.';
          fatal(new CodedError('ingest_failed', what));
        },
      },
    );
  }
}
