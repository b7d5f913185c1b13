// A publisher of statistics in a process of its own, which stops before one message of a tick, for fenced-publisher.test.ts.
// It says so on standard output, waits for a line on standard input, and then says how the publication ended.

import { once } from 'node:events';
import { connect } from 'nats';
import { openFencedStream } from '../../../src/io/fenced-stream.ts';
import { createSigner } from '../../../src/lib/ed25519.ts';
import { FencedPublisher } from '../../../src/federation/sinks/fenced-publisher.ts';
import { statisticsOf } from './counts.ts';

interface Given {
  readonly servers: readonly string[];
  readonly login: { readonly user: string; readonly pass: string };
  readonly key: { readonly x: string; readonly d: string };
  readonly t: number;
  readonly tasks: number;
  /** Number of messages of the tick that are published before it stops. */
  readonly after: number;
}

const given = JSON.parse(process.argv[2] ?? '') as Given;
const connection = await connect({ servers: [...given.servers], ...given.login });
let count = 0;
const publisher = new FencedPublisher({
  connection: () => connection,
  open(...of) {
    const stream = openFencedStream(...of);
    return {
      ...stream,
      async append(...message) {
        if (count++ === given.after) {
          process.stdout.write('in the middle\n');
          await once(process.stdin, 'data');
        }
        await stream.append(...message);
      },
    };
  },
  signer: () => createSigner(given.key),
  aggregatorId: () => 'frozen',
  makeStream: () => Promise.reject(new Error('the stream is there')),
});
await publisher.published();
const tick = statisticsOf(given.tasks, given.t);
const header = { t: given.t, progress: { 0: given.tasks }, placesAtMs: given.t, publisher: 'frozen' };
const publication = await publisher.publish(tick, header);
process.stdout.write(`${publication.type}\n`);
await connection.close();
process.stdin.destroy();
