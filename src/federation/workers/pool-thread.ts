// Entry of every thread of the federation's pool: one switch over its questions. It never writes, and does not know of
// other threads.

import { workerData } from 'node:worker_threads';
import { unreachable } from '../../lib/unreachable.ts';
import type { Database } from '../../store/database.ts';
import { answering, databasePathIn } from '../../workers/answering.ts';
import type { WorkerRequest } from '../../workers/questions.ts';
import { readDigests } from './digests.ts';
import { readEvents } from './events.ts';
import { readGeography, readPlaces } from './geography.ts';
import { readHistory } from './history.ts';
import { readLastTick } from './last-tick.ts';
import { readNode, readNodeListings, readNodeOrder, readNodePage, readNodesToResume } from './nodes.ts';
import { readReporting } from './reporting.ts';
import { StatisticsQuery } from './statistics.ts';
import type { FederationQuestions } from './questions.ts';

/** Answers one request; piscina calls it. It never throws. */
export default answering(databasePathIn(workerData), (database) => {
  const statistics = new StatisticsQuery(database);
  return (request: WorkerRequest<FederationQuestions>) => read(database, statistics, request);
});

function read(
  database: Database,
  statistics: StatisticsQuery,
  request: WorkerRequest<FederationQuestions>,
): FederationQuestions[keyof FederationQuestions]['answer'] {
  switch (request.name) {
    case 'statistics':
      return statistics.run(request.nowMs);
    case 'partial':
      return statistics.partial(request.nowMs);
    case 'geography':
      return readGeography(database, request.minimum);
    case 'places':
      return readPlaces(database);
    case 'digests':
      return readDigests(database, request.request);
    case 'nodePage':
      return readNodePage(database, request.query);
    case 'nodeOrder':
      return readNodeOrder(database, request.query);
    case 'nodeListings':
      return readNodeListings(database, request.numbers, request.stripCells);
    case 'history':
      return readHistory(database, request.query, request.tickMs);
    case 'reporting':
      return readReporting(database, request.nowMs);
    case 'lastTick':
      return readLastTick(database, request.period);
    case 'node':
      return readNode(database, request.query);
    case 'events':
      return readEvents(database, request.query);
    case 'nodesToResume':
      return readNodesToResume(database, request.afterNumber, request.limit);
    default:
      return unreachable(request);
  }
}
