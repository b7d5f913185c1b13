// Entry of every thread of the pool of trades: one switch over its questions. It never writes, and does not know of
// other threads.

import { workerData } from 'node:worker_threads';
import { unreachable } from '../../lib/unreachable.ts';
import type { Database } from '../../store/database.ts';
import { answering, databasePathIn } from '../../workers/answering.ts';
import type { WorkerRequest } from '../../workers/questions.ts';
import { readBuckets } from './bucket-series.ts';
import { readCheckpoints, readSeals } from './checkpoint-pages.ts';
import { readBodies, readClients, readOutbox } from './outbox-pages.ts';
import type { TradesQuestions } from './questions.ts';

/** Answers one request; piscina calls it. It never throws. */
export default answering(
  databasePathIn(workerData),
  (database) => (request: WorkerRequest<TradesQuestions>) => read(database, request),
);

function read(
  database: Database,
  request: WorkerRequest<TradesQuestions>,
): TradesQuestions[keyof TradesQuestions]['answer'] {
  switch (request.name) {
    case 'buckets':
      return readBuckets(database, request);
    case 'outbox':
      return readOutbox(database, request);
    case 'bodies':
      return readBodies(database, request.ids);
    case 'checkpoints':
      return readCheckpoints(database, request.query);
    case 'seals':
      return readSeals(database);
    case 'clients':
      return readClients(database, request);
    default:
      return unreachable(request);
  }
}
