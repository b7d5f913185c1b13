import { describe, expect, it } from 'vitest';
import { clusterState } from '../../../src/federation/http/cluster-state.ts';
import { CLUSTER } from './cluster.ts';

describe('cluster - as the page shows it', () => {
  it('is null for a process on its own', () => {
    expect(clusterState(null)).toBeNull();
  });

  it('names replicas, streams and brokers, and no address', () => {
    const state = clusterState(CLUSTER);
    expect(state).toMatchObject({
      name: 'prod',
      replica: 'one',
      isActive: true,
      replicas: [
        { replica: 'one', isSelf: true, isReady: true, heardAgoMs: 0, progress: 900 },
        { replica: 'two', isSelf: false, isPublisher: true, isReady: false, heardAgoMs: 400 },
      ],
      shards: [
        { stream: 'TRUEBIT_INGEST_1', splitter: 'two', upto: 800, lagMs: 120, isAway: false },
        { stream: 'TRUEBIT_INGEST_2', splitter: null, upto: 0 },
      ],
      brokers: [
        { name: 'broker-1', version: '2.15.3', leads: ['TRUEBIT_LOG_0'] },
        { name: 'broker-2', isAway: true },
      ],
    });
    expect(JSON.stringify(state)).not.toContain('example');
  });
});
