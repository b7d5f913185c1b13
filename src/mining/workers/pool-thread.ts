// Entry of every thread of mining's pool: one switch over its questions. It never writes, and does not know of other
// threads.

import { workerData } from 'node:worker_threads';
import { unreachable } from '../../lib/unreachable.ts';
import type { Database } from '../../store/database.ts';
import { answering, databasePathIn } from '../../workers/answering.ts';
import type { WorkerRequest } from '../../workers/questions.ts';
import { readCapacity, readRounds, readVerdicts } from './charts.ts';
import type { MiningQuestions } from './questions.ts';
import { readNodesToResume } from './resume.ts';

/** Answers one request; piscina calls it. It never throws. */
export default answering(
  databasePathIn(workerData),
  (database) => (request: WorkerRequest<MiningQuestions>) => read(database, request),
);

function read(
  database: Database,
  request: WorkerRequest<MiningQuestions>,
): MiningQuestions[keyof MiningQuestions]['answer'] {
  switch (request.name) {
    case 'rounds':
      return readRounds(database, request.query);
    case 'capacity':
      return readCapacity(database, request.query);
    case 'verdicts':
      return readVerdicts(database, request.fromMs, request.toMs, request.limit);
    case 'nodesToResume':
      return readNodesToResume(database, request);
    default:
      return unreachable(request);
  }
}
