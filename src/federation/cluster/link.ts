// The main thread's part of a cluster: joining it, its leases, this replica among the others, operators' commands, and what
// the process knows of it all. It reads no log and publishes no statistics.

import { randomBytes } from 'node:crypto';
import { Lease } from '../../io/lease.ts';
import type { NatsConnection, NatsOptions } from '../../io/nats.ts';
import type { Clock } from '../../lib/clock.ts';
import type { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { isInCluster, keepClusterStreams, wantedClusterStreams } from '../broker/cluster-streams.ts';
import type { Settings } from '../config/settings.ts';
import {
  CLUSTER_SUBJECTS,
  type ClusterConfig,
  type ControlCommand,
  type Membership,
  type Place,
  type ReplicaPosition,
} from '../domain/cluster.ts';
import type { Candidate } from '../domain/cluster-config.ts';
import type { BrokerSight, ClusterStatus } from '../domain/cluster-status.ts';
import { ROUND_VERSION } from '../domain/round.ts';
import { BrokerTime } from './broker-time.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { type CommandOutcome, Commands } from './commands.ts';
import { type ClusterAccess, ClusterConnection } from './connection.ts';
import { Joiner } from './joiner.ts';
import type { Joined } from './joining.ts';
import { Presence } from './presence.ts';
import { Reach } from './reach.ts';
import { absentReplicas } from './recorded-places.ts';
import { shardSights, warningsOf } from './sights.ts';

/** The settings of a process in a cluster. */
export type ClusterLinkSettings = Pick<Settings, 'publish' | 'aggregatorId' | 'federationSalt' | 'ingest'> & {
  readonly cluster: NonNullable<Settings['cluster']>;
};

/** What a {@link ClusterLink} needs of the main thread. */
export interface ClusterLinkParts {
  /** Called at the start: how to reach the brokers. */
  nats(): NatsOptions;
  /** What the opened database says. */
  own(): Pick<Candidate, 'membership' | 'identity' | 'aggregatorId' | 'hasRows'>;
  /** Where this replica is in its log, at its last commit; null before the first report. */
  position(): ReplicaPosition | null;
  /** True if `/readyz` is ok, apart from the cluster. */
  isReady(): boolean;
  /** `host:port` of this process's HTTP. */
  http(): string;
  readonly version: string;
  /** This process has become the publisher. */
  becamePublisher(): void;
  /** Has the database belong to the cluster, with its identity; resolves when that is on disk. */
  join(membership: Membership, config: ClusterConfig): Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 to below 1. */
  random(): number;
  log(level: 'info' | 'warn', sentence: string): void;
  /** The process cannot take part in the cluster and must end. Called at most once. */
  fatal(error: CodedError): void;
}

/** Time between two attempts to join, and between two looks after the cluster, in ms. */
const TRY_MS = 1_000;
const LOOK_MS = 5_000;
/** The record of a replica that wrote none for this long is no longer that of a member, in ms. */
const MEMBER_MS = 86_400_000;

const NONE: ReadonlySet<string> = new Set();

const NOWHERE: ReplicaPosition = {
  logSeq: 0,
  progress: 0,
  sources: [],
  holes: 0,
  control: null,
  nodesDigest: '',
};

/** The process in its cluster, from its start to its stop. */
export class ClusterLink implements Part, ClusterAccess {
  /** A random id of this process. */
  readonly process = randomBytes(8).toString('hex');
  /** Resolves when the process has joined: the config is known, the database belongs to it, and the log may be read. */
  readonly joined: Promise<ClusterConfig>;
  /** The brokers' clock; this machine's own until the first comparison. */
  readonly time: BrokerTime;
  readonly #settings: ClusterLinkSettings;
  readonly #parts: ClusterLinkParts;
  readonly #wanted;
  readonly #connection: ClusterConnection;
  readonly #reach: Reach;
  readonly #presence: Presence;
  readonly #commands: Commands;
  readonly #active: Lease;
  readonly #publisher: Lease;
  readonly #joiner: Joiner;
  readonly #hasJoined = Promise.withResolvers<ClusterConfig>();
  #watch: ClusterWatch | null = null;
  #timer: Timer | null = null;
  #isBusy = false;
  #isStopped = false;
  #told: readonly string[] = [];

  constructor(settings: ClusterLinkSettings, parts: ClusterLinkParts) {
    const { cluster, ingest } = settings;
    const { clock, timers, random, log } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.joined = this.#hasJoined.promise;
    this.time = new BrokerTime(clock);
    const sizes = { logMaxAgeMs: cluster.logMaxAgeMs, maxBytes: ingest.streamMaxBytes };
    this.#wanted = wantedClusterStreams(cluster.partitions, sizes);
    this.#connection = new ClusterConnection({ nats: parts.nats, clock, timers, log });
    this.#reach = new Reach(() => this.connection());
    this.#joiner = new Joiner({
      wanted: this.#wanted,
      acceptsUnsafeBroker: cluster.acceptsUnsafeBroker,
      reach: () => this.#reach.open(),
      candidate: () => this.#candidate(),
      progress: () => parts.position()?.progress ?? 0,
      join: (membership, config) => parts.join(membership, config),
      joined: (joined) => this.#begin(joined),
      log,
      fatal: (error) => parts.fatal(error),
    });
    const lease = (subject: string, now: string, noLonger: string) =>
      new Lease(
        { subject, holder: this.holder },
        {
          records: () => this.#reach.now?.leases ?? null,
          clock,
          timers,
          random,
          changed(isHeld) {
            log('info', `cluster: this replica ${isHeld ? now : noLonger}`);
            if (isHeld && subject === CLUSTER_SUBJECTS.publishLease) parts.becamePublisher();
          },
        },
      );
    this.#active = lease(
      CLUSTER_SUBJECTS.activeLease(cluster.partition),
      'is the active one now',
      'is no longer the active one',
    );
    this.#publisher = lease(CLUSTER_SUBJECTS.publishLease, 'publishes from now on', 'no longer publishes');
    const records = () => this.#reach.now?.records ?? null;
    const connection = () => this.connection();
    this.#presence = new Presence({ own: () => this.#own(), connection, records, clock, timers });
    this.#commands = new Commands({
      replica: cluster.replica,
      records: () => this.#reach.now?.control ?? null,
      places: () => this.#presence.there,
      absent: () => this.#absent(),
      clock,
      timers,
    });
  }

  /** The name of this process in leases. */
  get holder(): string {
    return `${this.#settings.cluster.replica}.${this.process}`;
  }

  /** True while this replica is the active one of its partition. */
  get isActive(): boolean {
    return this.#active.isHeld;
  }

  /** Input streams that were removed from the cluster. */
  get goneStreams(): ReadonlySet<string> {
    return this.#watch?.gone ?? NONE;
  }

  /** True while this process publishes the statistics. */
  get isPublisher(): boolean {
    return this.#publisher.isHeld;
  }

  connection(): NatsConnection | null {
    return this.#connection.connection();
  }

  onConnected(run: (connection: NatsConnection) => void): void {
    this.#connection.onConnected(run);
  }

  /** Begins to connect and to join, which may take any time: see {@link joined}. */
  async start(): Promise<void> {
    await this.#connection.start();
    this.#timer = this.#parts.timers.every(TRY_MS, () => void this.#joiner.try());
    this.onConnected(() => void this.#joiner.try());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#joiner.stop();
    this.#timer?.cancel();
    if (this.#watch !== null)
      await Promise.all([this.#active.stop(), this.#publisher.stop(), this.#presence.stop()]);
    await this.#connection.stop();
  }

  /**
   * Appends a command, and waits until the replicas that are there know it. Errors: `cluster_unreachable` if the broker does not
   * confirm it.
   */
  command(command: ControlCommand): Promise<CommandOutcome> {
    return this.#commands.command(command);
  }

  /** Makes one of the cluster's streams that is missing, if the brokers are reached. Rejects if they do not make it. */
  async makeStream(name: string): Promise<void> {
    const reached = await this.#reach.open();
    if (reached === null) return;
    const wanted = this.#wanted.filter((stream) => stream.name === name);
    await keepClusterStreams(reached.manager, wanted, isInCluster(reached.connection));
  }

  /** What this process knows of its cluster now. */
  status(): ClusterStatus {
    const { name, partition, replica } = this.#settings.cluster;
    const { isActive, isPublisher } = this;
    const { sources } = this.#parts.position() ?? NOWHERE;
    const present = sources.filter(({ stream }) => !this.goneStreams.has(stream));
    const { problem, warnings } = this.#judge();
    return {
      name,
      partition,
      replica,
      isActive,
      isPublisher,
      problem,
      warnings,
      replicas: this.#presence.sights,
      shards: shardSights(this.#watch?.splitters ?? new Map(), present, this.#parts.clock.nowMs()),
      brokers: this.#brokers(),
    };
  }

  /** What the last look found; none is connected while the process has no connection. */
  #brokers(): readonly BrokerSight[] {
    const brokers = this.#watch?.brokers ?? [];
    return this.connection() === null
      ? brokers.map((broker) => ({ ...broker, isConnected: false }))
      : brokers;
  }

  #judge(): Pick<ClusterStatus, 'problem' | 'warnings'> {
    const amiss = warningsOf(this.#own(), this.#presence.doubles, this.#presence.differing);
    const problems = [
      this.#connection.problem,
      this.#joiner.problem,
      this.#watch?.problem ?? null,
      amiss.problem,
    ];
    return {
      problem: problems.find((problem) => problem !== null) ?? null,
      warnings: [
        ...amiss.warnings,
        ...(this.#watch?.warnings ?? []),
        ...(this.time.warning === null ? [] : [this.time.warning]),
      ],
    };
  }

  #own(): Place {
    const { partition, replica } = this.#settings.cluster;
    return {
      partition,
      replica,
      process: this.process,
      http: this.#parts.http(),
      version: this.#parts.version,
      roundVersion: ROUND_VERSION,
      isActive: this.isActive,
      isPublisher: this.isPublisher,
      isReady: this.#parts.isReady(),
      position: this.#parts.position() ?? NOWHERE,
    };
  }

  #candidate(): Candidate {
    const { cluster, aggregatorId, federationSalt } = this.#settings;
    return {
      name: cluster.name,
      partitions: cluster.partitions,
      partition: cluster.partition,
      givenAggregatorId: aggregatorId,
      givenSalt: federationSalt,
      ...this.#parts.own(),
    };
  }

  async #begin({ config, streams }: Joined): Promise<void> {
    const { clock, log, timers } = this.#parts;
    const { inputStreams, acceptsUnsafeBroker } = this.#settings.cluster;
    const candidate = () => this.#candidate();
    const known = () => (this.#parts.position() ?? NOWHERE).sources.map(({ stream }) => stream);
    const wanted = this.#wanted;
    const parts = { wanted, inputStreams, acceptsUnsafeBroker, candidate, known, clock, log };
    this.#watch = new ClusterWatch(config, streams, parts);
    this.onConnected((connection) => this.#watch?.connected(connection));
    this.#timer?.cancel();
    this.#timer = timers.every(LOOK_MS, () => void this.#look());
    await this.#presence.start();
    await this.#active.start();
    if (this.#settings.publish.enabled) await this.#publisher.start();
    log('info', `cluster: joined "${config.name}", partition ${this.#settings.cluster.partition}`);
    this.#hasJoined.resolve(config);
    void this.#look();
  }

  /** Looks after the cluster, and puts down where this replica is. A look that fails is repeated with the next. */
  async #look(): Promise<void> {
    const watch = this.#watch;
    const reached = this.#reach.now;
    if (reached === null || watch === null || this.#isBusy || this.#isStopped) return;
    this.#isBusy = true;
    try {
      await watch.look(reached);
      const sentMs = this.#parts.clock.nowMs();
      await this.#presence.record();
      const { partition, replica } = this.#settings.cluster;
      const stored = await reached.records.read(CLUSTER_SUBJECTS.place(partition, replica));
      if (stored !== null) this.time.compare(sentMs, stored.atMs);
    } catch {
      // The connection itself finds out whether JetStream is there.
    } finally {
      this.#isBusy = false;
    }
    this.#tell();
  }

  /** Logs each warning once, while it holds. */
  #tell(): void {
    const { problem, warnings } = this.#judge();
    const now = problem === null ? warnings : [problem, ...warnings];
    for (const sentence of now)
      if (!this.#told.includes(sentence)) this.#parts.log('warn', `cluster: ${sentence}`);
    this.#told = now;
  }

  async #absent(): Promise<readonly string[]> {
    const { partition } = this.#settings.cluster;
    const heard = this.#presence.there.map(({ replica }) => replica);
    const sinceMs = this.#parts.clock.nowMs() - MEMBER_MS;
    const reached = this.#reach.now;
    return reached === null ? [] : absentReplicas(reached, partition, heard, sinceMs).catch(() => []);
  }
}
