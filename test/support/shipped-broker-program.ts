// Speaks with a broker that runs deploy/nats/nats.conf on the ports that the file names, for a test that runs this program
// beside it in a network of their own. Prints what it found as JSON, and gives up after the time of its caller.

import { jetstreamManager } from '@nats-io/jetstream';
import { connect, wsconnect } from 'nats';
import { heartbeat } from './messages.ts';
import { until } from './until.ts';

await until('the broker to be healthy', async () => {
  const answer = await fetch('http://127.0.0.1:8222/healthz').catch(() => null);
  return answer !== null && answer.ok;
});
const aggregator = await connect({
  servers: 'nats://127.0.0.1:4222',
  user: 'aggregator',
  pass: process.env['NATS_AGGREGATOR_PASSWORD'] ?? '',
  inboxPrefix: '_AGG',
});
const manager = await jetstreamManager(aggregator);
await manager.streams.add({ name: 'TRIAL', subjects: ['ingest.>'] });
const monitors = [
  await connect({ servers: 'nats://127.0.0.1:4222' }),
  await wsconnect({ servers: 'ws://127.0.0.1:9086' }),
];
for (const monitor of monitors) {
  const { subject, payload } = heartbeat('node-of-the-image');
  monitor.publish(subject, payload);
  await monitor.flush();
}
let stored = 0;
await until('both messages to be stored', async () => {
  stored = (await manager.streams.info('TRIAL')).state.messages;
  return stored >= monitors.length;
});
const version = aggregator.info?.version;
await Promise.all([...monitors, aggregator].map((connection) => connection.close()));
process.stdout.write(JSON.stringify({ version, stored }));
process.exit(0);
