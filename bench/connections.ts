// Ten thousand real connections through the embedded broker, each a node that beats, and then all of them broken and
// made again at once: no message may be lost, and no node may count as offline.

import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { startAggregator } from '../test/support/aggregator.ts';
import { ownFolder } from '../test/support/embedded.ts';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { heartbeat } from './load.ts';
import { openSocket } from './publisher.ts';
import { LIMITS_ABOVE_LOAD } from './stage.ts';

/** Logins under way at the same time while they connect in an orderly way. */
const ORDERLY = 200;

export async function benchConnections({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const count = isQuick ? 500 : 10_000;
  const beatEveryMs = isQuick ? 500 : 30_000;
  const { folder, env, natsUrl } = await ownFolder('bench-connections');
  const program = startAggregator({ ...env, ...LIMITS_ABOVE_LOAD, LOG_LEVEL: 'info' });
  const sockets: Socket[] = [];
  try {
    await program.ready();
    const port = Number(new URL(natsUrl).port);
    const connectFrom = async (from: number, to: number) => {
      const opened = await Promise.all(Array.from({ length: to - from }, () => openSocket(port)));
      opened.forEach((socket, index) => (sockets[from + index] = socket.on('error', () => {})));
    };
    for (let from = 0; from < count; from += ORDERLY)
      await connectFrom(from, Math.min(count, from + ORDERLY));
    const beats = Array.from({ length: count }, (_, node) => heartbeat(`node-connection-${node}`));
    let sent = 0;
    /** One beat of every node, spread over the interval. */
    const round = async () => {
      const steps = 100;
      for (let step = 0; step < steps; step++) {
        for (let node = step; node < count; node += steps) {
          sockets[node]?.write(beats[node] ?? '');
          sent++;
        }
        await new Promise((resolve) => setTimeout(resolve, beatEveryMs / steps));
      }
    };
    const counted = () => program.metric('aggregator_messages_total', 'subject="truebit.heartbeat"');
    await round();
    await until('every beat', async () => (await counted()) === sent, 60_000);
    const brokenMs = performance.now();
    // An orderly close, so that all written bytes have arrived.
    for (const socket of sockets) socket.destroy();
    await connectFrom(0, count);
    const reconnectSeconds = (performance.now() - brokenMs) / 1000;
    await round();
    await round();
    await until('every beat', async () => (await counted()) >= sent, 60_000).catch(() => null);
    const lost = sent - (await counted());
    const applied = await program.metric('aggregator_messages_total', 'outcome="applied"');
    const away =
      (await program.metric('aggregator_nodes', 'state="stale"')) +
      (await program.metric('aggregator_nodes', 'state="offline"'));
    const transitions = await program.metric('aggregator_node_transitions_total');
    return [
      { name: 'connections, each a node that beats', value: count, unit: '', aim: null },
      { name: 'all made again at once, in', value: reconnectSeconds, unit: 's', aim: null },
      { name: 'beats sent', value: sent, unit: '', aim: null },
      { name: 'lost', value: lost, unit: '', aim: { atMost: 0 } },
      { name: 'not applied', value: sent - applied, unit: '', aim: { atMost: 0 } },
      {
        name: 'nodes stale or offline, or transitions',
        value: away + transitions,
        unit: '',
        aim: { atMost: 0 },
      },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    await program.stop();
    rmSync(folder, { recursive: true });
  }
}
