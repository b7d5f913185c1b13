// The entry of every pool thread: one read-only connection, one switch. It never writes and knows no other thread.

import { workerData } from 'node:worker_threads';
import { unreachable } from '../lib/unreachable.ts';
import { openReader } from '../store/database.ts';
import { readGeography } from './federation/geography.ts';
import { readHistory } from './federation/history.ts';
import { readLastTick } from './federation/last-tick.ts';
import { readNode, readNodePage, readNodesToResume } from './federation/nodes.ts';
import { readReporting } from './federation/reporting.ts';
import { StatisticsQuery } from './federation/statistics.ts';
import type { WorkerRequest } from './tasks.ts';

const database = openReader(databasePath(workerData));
const statistics = new StatisticsQuery(database);

/** Answers one request; piscina calls it. */
export default function answer(request: WorkerRequest): unknown {
  switch (request.name) {
    case 'statistics':
      return statistics.run(request.nowMs);
    case 'geography':
      return readGeography(database, request.minimum);
    case 'nodePage':
      return readNodePage(database, request.query);
    case 'history':
      return readHistory(database, request.query, request.tickMs);
    case 'reporting':
      return readReporting(database, request.nowMs);
    case 'lastTick':
      return readLastTick(database, request.period);
    case 'node':
      return readNode(database, request.nodeId);
    case 'nodesToResume':
      return readNodesToResume(database, request.afterNumber, request.limit);
    default:
      return unreachable(request);
  }
}

function databasePath(data: unknown): string {
  if (
    typeof data === 'object' &&
    data !== null &&
    'databasePath' in data &&
    typeof data.databasePath === 'string'
  ) {
    return data.databasePath;
  }
  throw new Error('a pool thread needs databasePath in its workerData');
}
