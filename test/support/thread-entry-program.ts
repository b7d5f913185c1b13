// A thread made with runThread, for child-thread.test.ts: it echoes, and its start fails, or never ends, if
// its data say so.

import { CodedError } from '../../src/lib/errors.ts';
import { runThread } from '../../src/workers/thread-entry.ts';

interface Message {
  readonly type: string;
}

await runThread<{ readonly fault: boolean; readonly hangs?: boolean }, Message, Message>(
  ({ data, send, place }) => {
    place.defer(() => send({ type: 'released' }));
    return {
      start: async () => {
        if (data.fault) throw new CodedError('internal', 'The start fails.');
        if (data.hangs === true) await new Promise<never>(() => undefined);
        send({ type: 'started' });
      },
      stop: async () => send({ type: 'work stopped' }),
      receive: ({ type }) => send({ type: `heard ${type}` }),
    };
  },
);
