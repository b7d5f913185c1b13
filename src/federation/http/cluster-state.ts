// The cluster as the page, the live feed and `cluster status` show it. Pure: it only puts together what the process knows.
// Addresses of replicas and brokers are left out, because the page may be public.

import type { ClusterStatus } from '../domain/cluster-status.ts';
import { type ComponentReadiness, no, OK } from '../../http/readiness.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';

/** The member `cluster` of the live document; null for a process on its own. */
export function clusterState(status: ClusterStatus | null): JsonObject | null {
  if (status === null) return null;
  return {
    name: status.name,
    partition: status.partition,
    replica: status.replica,
    isActive: status.isActive,
    isPublisher: status.isPublisher,
    replicas: status.replicas.map(({ place, heardAgoMs, isSelf }) => ({
      replica: place.replica,
      version: place.version,
      isSelf,
      isActive: place.isActive,
      isPublisher: place.isPublisher,
      isReady: place.isReady,
      heardAgoMs: Math.round(heardAgoMs),
      logSeq: place.position.logSeq,
      progress: place.position.progress,
      holes: place.position.holes,
    })),
    shards: status.shards.map(({ stream, splitter, position, lagMs }) => ({
      stream,
      splitter,
      upto: position?.upto ?? 0,
      lagMs: Math.round(lagMs),
      isAway: position?.isAway ?? false,
    })),
    brokers: status.brokers.map(({ name, version, isConnected, isAway, leads }) => ({
      name,
      version,
      isConnected,
      isAway,
      leads: [...leads],
    })),
  };
}

/** The component `cluster` of `/readyz`. */
export function judgeCluster({ problem, warnings }: ClusterStatus): ComponentReadiness {
  if (problem !== null) return no(problem);
  return warnings.length === 0 ? OK : { ok: true, reason: warnings.join(' ') };
}
