// Reference: a subscription that parses each message and keeps nothing. Arguments and output as in empty-consumer.ts.

import { connect } from 'nats';

const [url = '', count = ''] = process.argv.slice(2);
const connection = await connect({ servers: url });
const decoder = new TextDecoder();
let left = Number(count);
let nodes = 0;
connection.subscribe('truebit.>', {
  callback(_error, message) {
    const parsed = JSON.parse(decoder.decode(message.data)) as { nodeId: string };
    nodes += parsed.nodeId.length;
    if (--left > 0) return;
    console.log(`done ${Date.now()} ${nodes}`);
    process.exit(0);
  },
});
await connection.flush();
console.log('ready');
