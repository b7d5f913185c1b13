// A process that claims a lease: `node lease-program.ts URL STREAM SUBJECT HOLDER`. It writes `started` to its standard
// output, and `held` or `lost` when that changes.

import { Lease } from '../../src/io/lease.ts';
import { connectBroker } from '../../src/io/nats.ts';
import { openRecords } from '../../src/io/record-stream.ts';
import { randomShare, systemClock } from '../../src/lib/clock.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { anonymousAt } from './anonymous.ts';

const [url = '', stream = '', subject = '', holder = ''] = process.argv.slice(2);
const connection = await connectBroker(
  holder,
  anonymousAt(url),
  {
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onUnreachable: () => undefined,
    onRefused: () => undefined,
  },
  new AbortController().signal,
);
if (connection !== null) {
  const records = openRecords(connection, stream, 900);
  await new Lease(
    { subject, holder },
    {
      records: () => records,
      clock: systemClock,
      timers: systemTimers,
      random: randomShare,
      changed: (isHeld) => void process.stdout.write(isHeld ? 'held\n' : 'lost\n'),
    },
  ).start();
  process.stdout.write('started\n');
}
