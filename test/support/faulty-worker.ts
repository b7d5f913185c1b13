// The pool's real worker with faults on demand: the next statistics question (or the first of the start) finds a word in
// the file that WORKER_FAULT names, and the thread then dies, or hangs until the file says something again.

import { readFileSync, writeFileSync } from 'node:fs';
import answer from '../../src/federation/workers/pool-thread.ts';
import type { FederationQuestions } from '../../src/federation/workers/questions.ts';
import type { WorkerRequest } from '../../src/workers/questions.ts';

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

export default function faulty(request: WorkerRequest<FederationQuestions>): unknown {
  const file = process.env['WORKER_FAULT'];
  if (file !== undefined && (request.name === 'statistics' || request.name === 'nodesToResume')) {
    const fault = readFileSync(file, 'utf8');
    if (fault !== '') writeFileSync(file, '');
    if (fault === 'die') process.exit(7);
    if (fault === 'hang') while (readFileSync(file, 'utf8') === '') pause();
  }
  return answer(request);
}
