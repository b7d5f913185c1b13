// A pool thread without a database: it answers with its workerData, throws, hangs, or refuses, as the question says.

import { workerData } from 'node:worker_threads';
import { answeringAlone } from '../../src/workers/answering.ts';
import type { WorkerReply, WorkerRequest } from '../../src/workers/questions.ts';

export interface AloneQuestions {
  what: { argument: { readonly fault: 'none' | 'throw' | 'hang' | 'refuse' }; answer: unknown };
}

const answer = answeringAlone(({ fault }: WorkerRequest<AloneQuestions>) => {
  if (fault === 'throw') throw new Error('a defect');
  if (fault === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return workerData as unknown;
});

export default function reply(request: WorkerRequest<AloneQuestions>): WorkerReply<unknown> {
  return request.fault === 'refuse' ? { type: 'refused', sentence: 'No.' } : answer(request);
}
