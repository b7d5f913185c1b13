// The splitters of one process on three brokers: the broker of one input stream is killed and comes back.

import { connect } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLUSTER_SUBJECTS } from '../../../src/federation/domain/cluster.ts';
import { decodeRound, type RoundHeader } from '../../../src/federation/domain/round.ts';
import type { SplittersStatus } from '../../../src/federation/domain/splitter-status.ts';
import { SplitterLoop, type SplitterLoopOptions } from '../../../src/federation/threads/splitter-loop.ts';
import { type NatsCluster, startNatsCluster } from '../../support/nats-cluster.ts';
import { until } from '../../support/until.ts';

const AWAY = 'TRUEBIT_INGEST_3';
const OTHER = 'TRUEBIT_INGEST_1';

function optionsOf({ urls, login }: NatsCluster, holder: string): SplitterLoopOptions {
  return {
    nats: {
      servers: urls,
      user: login.user,
      password: login.pass,
      token: null,
      credsFile: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      inboxPrefix: '_AGG',
    },
    holder,
    partitions: 1,
    inputStreams: null,
    sizes: { logMaxAgeMs: 3_600_000, maxBytes: 64 * 1_048_576 },
  };
}

describe('splitters on three brokers', () => {
  it('say that a stream is away when its broker is killed, and go on when it is back', async () => {
    const cluster = await startNatsCluster({ servers: 3 });
    onTestFinished(() => cluster[Symbol.asyncDispose]());
    let status: SplittersStatus = { problem: null, shards: [] };
    const start = async (holder: string) => {
      const loop = new SplitterLoop(optionsOf(cluster, holder), {
        send: (message) => {
          if (message.type === 'status') status = message.status;
        },
      });
      onTestFinished(() => loop.stop());
      await loop.start();
      return loop;
    };
    const first = await start('one');
    const splitter = (shard: string) => status.shards.find((one) => one.shard === shard)?.splitter ?? null;
    await until('three splitters', () =>
      [1, 2, 3].every((number) => typeof splitter(`TRUEBIT_INGEST_${number}`)?.checkpoint === 'number'),
    );

    const heard: RoundHeader[] = [];
    const listener = await connect({ servers: cluster.urls[0] ?? '', ...cluster.login, inboxPrefix: '_AGG' });
    onTestFinished(() => listener.close());
    listener.subscribe(CLUSTER_SUBJECTS.allRounds(0), {
      callback: (_error, { data }) => {
        const round = decodeRound(data);
        if (round.type === 'round') heard.push(round.header);
      },
    });
    const publish = async (server: number) => {
      const monitor = await connect({ servers: cluster.urls[server] ?? '' });
      monitor.publish('truebit.heartbeat', '{"nodeId":"n"}');
      await monitor.flush();
      await monitor.close();
    };
    await publish(2);
    await until('the message of the third broker', () => splitter(AWAY)?.checkpoint === 1);

    await cluster.kill(2);
    const away = await until('a round that says so', () =>
      heard.find(({ source, isAway }) => isAway && source.stream === AWAY),
    );
    expect(away).toMatchObject({ from: 1, to: 1, count: 0 });
    await publish(0);
    await until('the message of the first broker', () => splitter(OTHER)?.checkpoint === 1);
    expect(splitter(OTHER)?.isAway).toBe(false);

    // Another process begins while that broker is away.
    await first.stop();
    await start('two');
    await publish(0);
    await until('the next message of the first broker', () => splitter(OTHER)?.checkpoint === 2);
    await until('a round of the new process', () =>
      heard.find(({ source, isAway, maker }) => isAway && source.stream === AWAY && maker === 'two'),
    );

    await cluster.restart(2);
    await publish(2);
    await until('the next message of the third broker', () => splitter(AWAY)?.checkpoint === 2);
    await until('it to be back', () => splitter(AWAY)?.isAway === false);
    expect(splitter(AWAY)?.source?.incarnation).not.toContain('#');
    expect(splitter(AWAY)?.lost).toBe(0);
  });
});
