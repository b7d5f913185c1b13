// A thread that does what main tells it, for child-thread.test.ts.

import { parentPort, workerData } from 'node:worker_threads';

const port = parentPort;
port?.postMessage({ type: 'started', data: workerData as unknown });
port?.on('message', (message: { readonly type: string }) => {
  if (message.type === 'throw') throw new RangeError('thrown in the thread');
  if (message.type === 'end') process.exit(0);
  if (message.type === 'fail') {
    port.postMessage({ type: 'failed' });
    port.close();
  }
  if (message.type === 'stop') {
    port.postMessage({ type: 'stopped' });
    // This interval would keep the thread alive.
    setInterval(() => undefined, 1_000);
  }
});
