// The metrics of a cluster, from what the process knows of it. A process on its own has the names without series.

import type { ClusterStatus } from '../domain/cluster-status.ts';
import { sourceName } from '../domain/cluster.ts';
import type { Reading, SeriesValue } from '../../metrics/reading.ts';

/** What the process knows of its cluster; null for a process on its own. */
export interface ClusterMoment {
  readonly cluster: ClusterStatus | null;
}

/** All gauges and counters of the cluster. */
export const CLUSTER_READINGS: readonly Reading<ClusterMoment>[] = [
  {
    name: 'aggregator_partition_info',
    type: 'gauge',
    help: 'Always 1: the partition and the replica of this process, whether it is active, and whether it publishes.',
    labels: ['partition', 'replica', 'active', 'publisher'],
    read: ({ cluster }) =>
      cluster === null
        ? []
        : [
            [
              {
                partition: String(cluster.partition),
                replica: cluster.replica,
                active: String(cluster.isActive),
                publisher: String(cluster.isPublisher),
              },
              1,
            ],
          ],
  },
  {
    name: 'aggregator_source_upto',
    type: 'gauge',
    help: 'Sequence up to which this replica has applied an input stream.',
    labels: ['source'],
    read: (moment) => perSource(moment, ({ upto }) => upto),
  },
  {
    name: 'aggregator_source_lag_seconds',
    type: 'gauge',
    help: 'Age of the oldest message of an input stream that this replica has not applied, or a little more.',
    labels: ['source'],
    read: ({ cluster }) =>
      (cluster?.shards ?? []).flatMap(({ position, lagMs }): SeriesValue[] =>
        position === null ? [] : [[{ source: sourceName(position) }, lagMs / 1000]],
      ),
  },
  {
    name: 'aggregator_shard_away',
    type: 'gauge',
    help: 'Whether the server of an input stream is away, 0 or 1.',
    labels: ['source'],
    read: (moment) => perSource(moment, ({ isAway }) => Number(isAway)),
  },
  {
    name: 'aggregator_holes_total',
    type: 'counter',
    help: 'Rounds that this replica skipped because something before them was missing; it asks for that again.',
    labels: ['partition'],
    read: ({ cluster }) => {
      const own = cluster?.replicas.find(({ isSelf }) => isSelf);
      return cluster === null || own === undefined
        ? []
        : [[{ partition: String(cluster.partition) }, own.place.position.holes]];
    },
  },
  {
    name: 'aggregator_replica_ready',
    type: 'gauge',
    help: 'Replicas that this process has heard within a day, 1 for those that are ready and were heard within 10 s.',
    labels: ['replica'],
    read: ({ cluster }) =>
      // Two processes may have one name by mistake; a series stands in an answer once.
      [...new Map((cluster?.replicas ?? []).map(({ place }) => [place.replica, place.isReady]))].map(
        ([replica, isReady]) => [{ replica }, Number(isReady)],
      ),
  },
];

type Position = NonNullable<ClusterStatus['shards'][number]['position']>;

function perSource({ cluster }: ClusterMoment, read: (position: Position) => number): readonly SeriesValue[] {
  return (cluster?.shards ?? []).flatMap(({ position }): SeriesValue[] =>
    position === null ? [] : [[{ source: sourceName(position) }, read(position)]],
  );
}
