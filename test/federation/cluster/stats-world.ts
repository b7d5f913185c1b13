// The stream of published statistics on a real nats-server, and a monitor that hears what is republished, for tests.

import { jetstreamManager } from '@nats-io/jetstream';
import { generateKeyPairSync } from 'node:crypto';
import {
  isInCluster,
  keepClusterStreams,
  wantedClusterStreams,
} from '../../../src/federation/broker/cluster-streams.ts';
import { CLUSTER_SUBJECTS, STATS_STREAM } from '../../../src/federation/domain/cluster.ts';
import {
  readTickHeader,
  TICK_HEADER,
  type TickHeader,
} from '../../../src/federation/domain/published-tick.ts';
import { FencedPublisher } from '../../../src/federation/sinks/fenced-publisher.ts';
import { openFencedStream } from '../../../src/io/fenced-stream.ts';
import { createSigner } from '../../../src/lib/ed25519.ts';
import { connectTo, launchNatsCluster } from '../../support/program.ts';

/** The nats-servers on which the fence is tried: Debian's and, where it was built, the newest. */
export const SERVERS = ['NATS_SERVER_BIN', 'NATS_SERVER_CURRENT_BIN']
  .map((name) => process.env[name] ?? '')
  .filter((path) => path !== '');

/** What a monitor heard. */
export interface Heard {
  readonly subject: string;
  readonly tasks: number;
  readonly aggregatorId: string;
  readonly header: TickHeader | null;
}

/** Starts a broker with the streams of a cluster, and a monitor that listens. */
export async function statsWorld(bin: string, servers: 1 | 3 = 1) {
  const cluster = await launchNatsCluster({ servers, bin });
  const login = { ...cluster.login, servers: [...cluster.urls] };
  const connection = await connectTo(cluster.urls[0] ?? '', login);
  const manager = await jetstreamManager(connection, { timeout: 5_000 });
  const wanted = wantedClusterStreams(1, { logMaxAgeMs: 3_600_000, maxBytes: 16_777_216 });
  const inCluster = isInCluster(connection);
  const makeStreams = async () => void (await keepClusterStreams(manager, wanted, inCluster));
  const monitor = await connectTo(cluster.urls.at(-1) ?? '');
  const heard: Heard[] = [];
  monitor.subscribe(CLUSTER_SUBJECTS.statsRepublished, {
    callback: (_error, message) => {
      const body = message.json<{ aggregatorId: string; data: { totalTasks: number } }>();
      heard.push({
        subject: message.subject,
        tasks: body.data.totalTasks,
        aggregatorId: body.aggregatorId,
        header: readTickHeader(message.headers?.get(TICK_HEADER) ?? ''),
      });
    },
  });
  await monitor.flush();
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const keyPair = { x: key.x ?? '', d: key.d ?? '' };
  return {
    cluster,
    login,
    connection,
    manager,
    monitor,
    heard,
    key: keyPair,
    makeStreams,
    /** A publisher as a process of the cluster has it. */
    publisher: (aggregatorId: string) =>
      new FencedPublisher({
        connection: () => connection,
        open: openFencedStream,
        signer: () => createSigner(keyPair),
        aggregatorId: () => aggregatorId,
        makeStream: makeStreams,
      }),
    stream: () => openFencedStream(connection, STATS_STREAM, 2_000),
    /** Everything that the broker republished so far has been heard. */
    settle: async () => {
      await connection.flush();
      await monitor.flush();
    },
  };
}
