// A thread made with runThread, for child-thread.test.ts: it echoes, and its start fails if its data say so.

import { CodedError } from '../../src/lib/errors.ts';
import { runThread } from '../../src/workers/thread-entry.ts';

interface Message {
  readonly type: string;
}

await runThread<{ readonly fault: boolean }, Message, Message>(({ data, send, place }) => {
  place.defer(() => send({ type: 'released' }));
  return {
    start: async () => {
      if (data.fault) throw new CodedError('internal', 'The start fails.');
      send({ type: 'started' });
    },
    stop: async () => send({ type: 'work stopped' }),
    receive: ({ type }) => send({ type: `heard ${type}` }),
  };
});
