// The names of a cluster: its streams, its subjects, and what its processes tell each other about themselves. Plain data
// and pure functions; this file connects to nothing.

import { isObject } from '../../lib/is-object.ts';

/** The stream in which every record of the cluster stands: config, leases, checkpoints, places. One message a subject. */
export const CLUSTER_STREAM = 'TRUEBIT_CLUSTER';
/** The stream of operators' commands. */
export const CONTROL_STREAM = 'TRUEBIT_CONTROL';
/** The stream of published statistics; the broker republishes it to monitors. */
export const STATS_STREAM = 'TRUEBIT_STATS';
/** Streams whose names begin like this are inputs, unless `INPUT_STREAMS` names others. */
export const INPUT_STREAM_PREFIX = 'TRUEBIT_INGEST_';

/** The log of a partition. */
export function logStream(partition: number): string {
  return `TRUEBIT_LOG_${partition}`;
}

/** Subjects of the cluster. None lies under `truebit.`, so no monitor can publish to one or hear one. */
export const CLUSTER_SUBJECTS = {
  /** The cluster's config: {@link ClusterConfig}. */
  config: 'tbcluster.config',
  /** The lease of the publisher. */
  publishLease: 'tbcluster.lease.publish',
  /** The lease and the checkpoint of the splitter of one input stream. */
  splitLease: (shard: string) => `tbcluster.lease.split.${shard}`,
  checkpoint: (shard: string) => `tbcluster.split.${shard}`,
  /** The lease that makes one replica of a partition the active one. */
  activeLease: (partition: number) => `tbcluster.lease.partition.${partition}`,
  /** What a replica last said about itself: {@link Place}. */
  place: (partition: number, replica: string) => `tbcluster.place.${partition}.${replica}`,
  places: (partition: number) => `tbcluster.place.${partition}.>`,
  /** The rounds of one input stream in the log of a partition. */
  rounds: (partition: number, shard: string) => `tblog.${partition}.in.${shard}`,
  allRounds: (partition: number) => `tblog.${partition}.>`,
  control: 'tbcontrol.command',
  allControl: 'tbcontrol.>',
  /** Statistics before the broker republishes them: `tbstats.aggregated`, `tbstats.period.1h`, … */
  stats: (name: string) => `tbstats.${name}`,
  allStats: 'tbstats.>',
  statsRepublished: 'truebit.stats.>',
  /** Requests to all replicas of a partition; each answers. */
  ask: (partition: number) => `tbask.${partition}`,
  /** Where a replica is, once a second, outside any stream: {@link Place}. */
  position: (partition: number, replica: string) => `tbpos.${partition}.${replica}`,
  positions: 'tbpos.>',
  /** Requests to a splitter to send rounds again. */
  gap: (shard: string) => `tbgap.${shard}`,
} as const;

/**
 * The name of a shard in subjects: the name of its input stream. (Stream names have no dots, so it is one token.) The
 * source of a round names the incarnation too: {@link sourceName}.
 */
export type ShardName = string;

/** One incarnation of one input stream, as `ingest_position` has it. */
export interface Source {
  readonly stream: string;
  readonly incarnation: string;
}

/** The name of a source in headers and metrics. */
export function sourceName({ stream, incarnation }: Source): string {
  return `${stream}@${incarnation}`;
}

/** The source of this {@link sourceName}; null if the text is none. */
export function sourceOf(name: string): Source | null {
  // The name of a stream may contain the sign, an incarnation does not.
  const at = name.lastIndexOf('@');
  return at < 1 || at === name.length - 1
    ? null
    : { stream: name.slice(0, at), incarnation: name.slice(at + 1) };
}

/** True if the value, which another process sent, is a source. */
export function isSource(value: unknown): value is Source {
  if (!isObject(value)) return false;
  const { stream, incarnation } = value;
  return typeof stream === 'string' && typeof incarnation === 'string';
}

/** The config of a cluster, written once by compare-and-set when its first process starts. */
export interface ClusterConfig {
  readonly version: 1;
  /** The setting CLUSTER. */
  readonly name: string;
  /** A random id, so that two clusters of one name are told apart. */
  readonly id: string;
  readonly partitions: number;
  /** The version of the rules that route messages to partitions (src/federation/domain/placement.ts). */
  readonly routing: 1;
  readonly aggregatorId: string;
  /** The salt and the statistics key as JSON of `Identity`; null if every process has them from files. */
  readonly identity: {
    readonly salt: string;
    readonly statisticsKey: { readonly x: string; readonly d: string };
  };
  /**
   * Present if the first database held counts before it joined the cluster: the log does not contain them, so every other
   * replica begins as a copy.
   */
  readonly continues?: true;
}

/** The cluster to which a database belongs; stored in it, and compared at each start. */
export interface Membership {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  readonly partition: number;
}

/** How far a replica has applied one source. */
export interface SourcePosition extends Source {
  /** The first sequence of it that was ever expected; absent if it is not known. */
  readonly first?: number;
  /** Every sequence up to this has been applied, is lost, or belongs to another partition. */
  readonly upto: number;
  /** Every message that the brokers stored in this stream before this time has been applied; ms since the epoch. */
  readonly watermarkMs: number;
  /** True if the stream's server is away, as its splitter says. */
  readonly isAway: boolean;
}

/** How far a replica has applied its log, at its last commit. */
export interface ReplicaPosition {
  /** Sequence in the log of the last round that was applied or skipped. */
  readonly logSeq: number;
  /** Entries that this partition has applied in its life: grows with every entry, the same in all replicas. */
  readonly progress: number;
  readonly sources: readonly SourcePosition[];
  /** Rounds that were skipped because something before them was missing, since the process started. */
  readonly holes: number;
  /** Id of the last command that the replica knows; null if none. */
  readonly control: string | null;
  /** A digest of (node id, node number), equal in replicas that have applied the same. */
  readonly nodesDigest: string;
}

/** What a replica says about itself, once a second. */
export interface Place {
  readonly partition: number;
  readonly replica: string;
  /** A random id of the process: two processes with one replica name differ in it. */
  readonly process: string;
  /** `host:port` of its HTTP, for people. */
  readonly http: string;
  readonly version: string;
  /** The highest version of the round format that it reads. */
  readonly roundVersion: number;
  readonly isActive: boolean;
  readonly isPublisher: boolean;
  readonly isReady: boolean;
  readonly position: ReplicaPosition;
}

/** An operator's command as it stands in {@link CONTROL_STREAM}. */
export interface ControlEntry {
  /** Random id. */
  readonly id: string;
  /** The id of the entry before; null for the first. */
  readonly previous: string | null;
  /** The replica that took the command from an operator. */
  readonly by: string;
  /**
   * When the broker stored the entry for the first time, ms since the epoch. Absent in an entry's first message, whose
   * own time counts; present when a replica appends an entry again that the stream has lost.
   */
  readonly atMs?: number;
  readonly command: ControlCommand;
}

/** A command with the time at which it was given: the broker's, ms since the epoch. */
export interface StoredCommand {
  readonly entry: ControlEntry;
  readonly atMs: number;
}

/** The requests that change what later messages count: each replica applies them at the same place of its log. */
export type ControlCommand =
  | {
      readonly type: 'createKey';
      readonly key: {
        readonly keyHash: string;
        readonly name: string;
        readonly nodeId: string | null;
        readonly permissions: readonly ('publish' | 'subscribe' | 'admin')[];
        readonly ratePerMinute: number;
      };
    }
  | { readonly type: 'revokeKey'; readonly keyId: string }
  | { readonly type: 'forgetNode'; readonly nodeId: string }
  | { readonly type: 'blockNode'; readonly nodeId: string }
  | { readonly type: 'unblockNode'; readonly nodeId: string };

/** A command counts for messages stored this long after it, in ms: by then every replica has heard it. */
export const CONTROL_DELAY_MS = 2_000;
