// Entry of every seal thread: it makes the summary of one job at a time. It reads neither files nor the database, and keeps
// no trade.

import { answeringAlone } from '../../workers/answering.ts';
import type { WorkerRequest } from '../../workers/questions.ts';
import { lowerThreadPriority } from '../../workers/thread-priority.ts';
import { sealJob } from './seal-job.ts';
import type { SealQuestions } from './seal-questions.ts';

/** A fold takes up to seconds: the threads that take trades, answer and store go first. */
const PRIORITY_STEPS = 5;

lowerThreadPriority(PRIORITY_STEPS);

/** Answers one request; piscina calls it. It never throws. */
export default answeringAlone((request: WorkerRequest<SealQuestions>) => {
  try {
    return sealJob(request);
  } finally {
    // An idle thread waits for its next request with the last one at hand: without this the trades would stay until then.
    for (const { buffer } of request.trades.blocks) buffer.transfer(0);
  }
});
