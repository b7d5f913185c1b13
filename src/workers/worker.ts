// The entry of every pool thread: one read-only connection, one switch. It never writes and knows no other thread. A
// connection that met a refusal is closed, and the next question opens another: SQLite would keep the damaged pages.

import { workerData } from 'node:worker_threads';
import { unreachable } from '../lib/unreachable.ts';
import { type Database, openReader } from '../store/database.ts';
import { explainRefusal, refusalOf } from '../store/refusal.ts';
import { readGeography } from './federation/geography.ts';
import { readHistory } from './federation/history.ts';
import { readLastTick } from './federation/last-tick.ts';
import { readNode, readNodePage, readNodesToResume } from './federation/nodes.ts';
import { readReporting } from './federation/reporting.ts';
import { StatisticsQuery } from './federation/statistics.ts';
import type { TaskName, WorkerReply, WorkerRequest, WorkerTasks } from './tasks.ts';

interface Opened {
  readonly database: Database;
  readonly statistics: StatisticsQuery;
}

const path = databasePath(workerData);
let opened: Opened | null = null;

/** Answers one request; piscina calls it. It throws nothing. */
export default function answer(request: WorkerRequest): WorkerReply {
  try {
    opened ??= open();
    return { type: 'answer', answer: read(opened, request) };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) return { type: 'mistake', error };
    opened?.database.close();
    opened = null;
    return { type: 'refused', sentence: explainRefusal(error, refusal, path, 'read') };
  }
}

function open(): Opened {
  const database = openReader(path);
  try {
    return { database, statistics: new StatisticsQuery(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function read({ database, statistics }: Opened, request: WorkerRequest): WorkerTasks[TaskName]['answer'] {
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
