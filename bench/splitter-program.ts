// One splitter in a process of its own, for bench/splitter.ts. Arguments: broker, messages, partitions. Prints "ready" when
// it begins, then the moment when all logs have acknowledged all messages, and the processor time of the process.

import { connectBroker } from '../src/io/nats.ts';
import { brokerSplitter } from '../src/federation/sources/broker-splitter.ts';

const [url = '', count = '', partitions = '1'] = process.argv.slice(2);
const LOOK_MS = 5;
const none = { user: null, password: null, token: null, credsFile: null };
const nothing = () => undefined;
const { signal } = new AbortController();
const connection = await connectBroker(
  'bench',
  { servers: [url], ...none, caFile: null, certFile: null, keyFile: null, inboxPrefix: null },
  { onConnected: nothing, onDisconnected: nothing, onUnreachable: nothing, onRefused: nothing },
  signal,
);
if (connection === null) throw new Error('no connection');
const splitter = brokerSplitter(
  { shard: 'TRUEBIT_INGEST', maker: 'bench', partitions: Number(partitions) },
  {
    connection,
    inboxPrefix: null,
    signal,
    refused: nothing,
    log: (_level, sentence) => console.error(sentence),
  },
);
const before = process.cpuUsage();
console.log('ready');
await splitter.start();
setInterval(() => {
  const { checkpoint, bytes, rounds } = splitter.status;
  if (checkpoint === null || checkpoint < Number(count)) return;
  const { user, system } = process.cpuUsage(before);
  console.log(`done ${Date.now()} ${user + system} ${bytes} ${rounds}`);
  process.exit(0);
}, LOOK_MS);
