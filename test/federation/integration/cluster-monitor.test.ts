// A monitor as deployed, at a cluster over WebSocket: its broker is killed, and it goes on at another (row 35 of the
// failure matrix).

import { wsconnect } from 'nats';
import { expect, it, onTestFinished } from 'vitest';
import { heartbeat, taskReceived } from '../../support/messages.ts';
import { launch, launchNatsCluster, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** The matrix allows 10 s; a machine that runs other tests gets more. */
const GOES_ON_WITHIN_MS = 20_000;
const HEARTBEAT_MS = 200;

it('cluster - a monitor whose broker is killed goes on at another, and what it says then is counted', async () => {
  const cluster = await launchNatsCluster({ servers: 3 });
  const { env } = await testFolder('cluster-monitor');
  const replica = launch({
    ...env,
    ...cluster.env,
    CLUSTER: 'test',
    REPLICA: 'one',
    PUBLISH_INTERVAL: '1000',
  });
  await replica.ready();
  const monitor = await wsconnect({
    servers: [...cluster.wsUrls],
    noRandomize: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
  });
  onTestFinished(() => monitor.close());
  let ticks = 0;
  monitor.subscribe('truebit.stats.>', { callback: () => void ticks++ });
  const say = setInterval(() => {
    const { subject, payload } = heartbeat('node-0001');
    monitor.publish(subject, payload);
  }, HEARTBEAT_MS);
  onTestFinished(() => clearInterval(say));
  const counted = () => replica.metric('aggregator_messages_total', 'outcome="applied"');
  await until('heartbeats', async () => (await counted()) > 5);

  const server = cluster.wsUrls.findIndex((url) => url.endsWith(`:${monitor.getServer().split(':').at(-1)}`));
  expect(server).toBeGreaterThanOrEqual(0);
  await cluster.kill(server);
  const killedMs = performance.now();
  await until('the monitor at another broker', () => {
    const port = monitor.getServer().split(':').at(-1) ?? '';
    return !(cluster.wsUrls[server] ?? '').endsWith(`:${port}`);
  });
  expect(performance.now() - killedMs).toBeLessThan(GOES_ON_WITHIN_MS);
  const { subject, payload } = taskReceived(1);
  monitor.publish(subject, payload);
  await until('what it says then', async () => {
    return (
      (await replica.metric('aggregator_messages_received_total', 'subject="truebit.tasks.received"')) === 1
    );
  });
  const before = ticks;
  await until('statistics at the other broker', () => ticks > before + 3, 60_000);
}, 180_000);
