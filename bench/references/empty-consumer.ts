// Reference: the best that the client library can do. An ordered consumer that parses each message and keeps nothing.
// Arguments: broker, messages. Prints "ready", then the moment when it had them all, and its processor time in µs.

import { connect } from 'nats';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';

const [url = '', count = ''] = process.argv.slice(2);
const connection = await connect({ servers: url });
const consumer = await jetstream(connection).consumers.get('TRUEBIT_INGEST', {
  deliver_policy: DeliverPolicy.All,
});
const messages = await consumer.consume({ max_messages: 10_000 });
const before = process.cpuUsage();
console.log('ready');
const decoder = new TextDecoder();
let left = Number(count);
let nodes = 0;
for await (const message of messages) {
  const parsed = JSON.parse(decoder.decode(message.data)) as { nodeId: string };
  nodes += parsed.nodeId.length;
  if (--left === 0) break;
}
const { user, system } = process.cpuUsage(before);
console.log(`done ${Date.now()} ${user + system} ${nodes}`);
process.exit(0);
