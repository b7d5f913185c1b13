// A process with one splitter and no lease, for tests that kill it: its arguments are the broker, the input stream, the
// number of partitions and its own name.

import { connectBroker } from '../../src/io/nats.ts';
import { CLUSTER_SUBJECTS } from '../../src/federation/domain/cluster.ts';
import { gapRequestOf } from '../../src/federation/domain/gap-request.ts';
import { brokerSplitter } from '../../src/federation/sources/broker-splitter.ts';
import { natsOptions } from './splitter-rig.ts';

const [url = '', shard = '', partitions = '1', maker = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const nothing = () => undefined;
const connection = await connectBroker(
  maker,
  natsOptions(url),
  { onConnected: nothing, onDisconnected: nothing, onUnreachable: nothing, onRefused: nothing },
  signal,
);
if (connection === null) throw new Error('no connection');
const splitter = brokerSplitter(
  { shard, maker, partitions: Number(partitions) },
  {
    connection,
    inboxPrefix: null,
    signal,
    refused: nothing,
    log: (_level, sentence) => process.stdout.write(`${sentence}\n`),
  },
);
connection.subscribe(CLUSTER_SUBJECTS.gap(shard), {
  callback: (_error, { data }) => {
    const request = gapRequestOf(data, Number(partitions));
    if (request !== null) splitter.heal(request);
  },
});
await splitter.start();
