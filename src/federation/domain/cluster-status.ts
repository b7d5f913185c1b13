// What one process of a cluster knows about the cluster: for `/readyz`, the page, the metrics and `cluster status`. Plain
// data.

import type { Place, SourcePosition } from './cluster.ts';

/** One replica, as it last spoke of itself. */
export interface ReplicaSight {
  readonly place: Place;
  /** Time since it was last heard, in ms; 0 for the process itself. */
  readonly heardAgoMs: number;
  readonly isSelf: boolean;
}

/** One input stream. */
export interface ShardSight {
  readonly stream: string;
  /** Who splits it: the holder of its lease; null if nobody does. */
  readonly splitter: string | null;
  /** How far this replica has applied it; null if it has applied nothing of it. */
  readonly position: SourcePosition | null;
  /** Age of the oldest message that this replica has not applied, or a little more, in ms. */
  readonly lagMs: number;
}

/** One nats-server. */
export interface BrokerSight {
  readonly name: string;
  /** Null while it has not been asked. */
  readonly version: string | null;
  /** True if this process is connected to it. */
  readonly isConnected: boolean;
  /** True if the others miss it. */
  readonly isAway: boolean;
  /** The streams of the cluster that it leads. */
  readonly leads: readonly string[];
}

/** The cluster as this process sees it. */
export interface ClusterStatus {
  readonly name: string;
  readonly partition: number;
  readonly replica: string;
  readonly isActive: boolean;
  readonly isPublisher: boolean;
  /** Why this process cannot take part; null if it can. It makes the component `cluster` of `/readyz` not ok. */
  readonly problem: string | null;
  /** What an operator should know, in sentences; it leaves the component ok. */
  readonly warnings: readonly string[];
  readonly replicas: readonly ReplicaSight[];
  readonly shards: readonly ShardSight[];
  readonly brokers: readonly BrokerSight[];
}
