// A monitor of your own in forty lines: speaks for one node, here with two made-up tasks, and shows what the network says.
//
//   node examples/own-monitor.mjs [nats://127.0.0.1:4222] [seconds]
//
// It needs Node 24 or newer. In a program of your own the import is the same once the package is installed. From a clone of
// this project run `npm run build` first.

import { randomUUID } from 'node:crypto';
import { FederationClient } from 'truebit-aggregator/agent';

const server = process.argv[2] ?? 'nats://127.0.0.1:4222';
const seconds = Number(process.argv[3] ?? 30);

// With `statePath: 'monitor.db'` the node keeps its id, and what waits survives a restart.
const client = new FederationClient({ servers: server });
client.on('error', ({ code, message }) => console.error(`${code}: ${message}`));
client.on('connected', () => console.log(`connected to ${server} as ${client.getCredentials().nodeId}`));
client.on('reconnected', () => console.log('connected again'));
client.on('published', ({ data }) => console.log(`confirmed: ${data.type} ${JSON.stringify(data.data)}`));

if (!(await client.connect())) {
  console.error(`There is no connection to ${server}. Start an aggregator with \`npm start\`, or name your broker.`);
  await client.disconnect();
  process.exit(1);
}

await client.subscribeToFederation({
  networkStats: ({ data }) => console.log(`the network: ${data.activeNodes} nodes, ${data.totalTasks} tasks`),
});
await client.publishNodeJoined();
const beat = () => client.publishHeartbeat({ connected: true, activeTasks: 0, totalTasks: 2 });
await beat();
const beats = setInterval(beat, 30_000);

for (const exit_code of [0, 1]) {
  const task = { execution_id: randomUUID(), chain_id: '43113', task_type: 'wasm' };
  await client.publishTaskReceived({ ...task, received_at: new Date() });
  await client.publishTaskCompleted({ ...task, exit_code, elapsed_ms: 420, gas_used: 2_500_000, cached: false });
}
// True: the broker has all of it.
console.log(`confirmed: ${await client.flush(10_000)}`);

// Runs for the given time, or until Ctrl-C.
await new Promise((resolve) => {
  const timer = setTimeout(resolve, seconds * 1000);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (clearTimeout(timer), resolve()));
});
clearInterval(beats);
await client.publishNodeLeft();
await client.disconnect();
console.log('left');
