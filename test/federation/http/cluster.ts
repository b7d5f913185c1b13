// A cluster as one of its processes may know it, for tests of what it shows.

import type { ClusterStatus } from '../../../src/federation/domain/cluster-status.ts';
import type { Place } from '../../../src/federation/domain/cluster.ts';

const SOURCE = { stream: 'TRUEBIT_INGEST_1', incarnation: '2026-01-15T10:00:00Z' };

function place(replica: string, facts: Partial<Place> = {}): Place {
  return {
    partition: 0,
    replica,
    process: `process of ${replica}`,
    http: `http://${replica}.example:8080`,
    version: '0.1.0',
    roundVersion: 1,
    isActive: false,
    isPublisher: false,
    isReady: true,
    position: {
      logSeq: 70,
      progress: 900,
      sources: [{ ...SOURCE, upto: 800, watermarkMs: 5, isAway: false }],
      holes: 2,
      control: null,
      nodesDigest: '00',
    },
    ...facts,
  };
}

export const CLUSTER: ClusterStatus = {
  name: 'prod',
  partition: 0,
  replica: 'one',
  isActive: true,
  isPublisher: false,
  problem: null,
  warnings: [],
  replicas: [
    { place: place('one', { isActive: true }), heardAgoMs: 0, isSelf: true },
    { place: place('two', { isPublisher: true, isReady: false }), heardAgoMs: 400.4, isSelf: false },
  ],
  shards: [
    {
      stream: 'TRUEBIT_INGEST_1',
      splitter: 'two',
      position: { ...SOURCE, upto: 800, watermarkMs: 5, isAway: false },
      lagMs: 120,
    },
    { stream: 'TRUEBIT_INGEST_2', splitter: null, position: null, lagMs: 0 },
  ],
  brokers: [
    { name: 'broker-1', version: '2.15.3', isConnected: true, isAway: false, leads: ['TRUEBIT_LOG_0'] },
    { name: 'broker-2', version: null, isConnected: false, isAway: true, leads: [] },
  ],
};
