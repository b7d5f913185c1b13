// The pool's real worker, whose questions for a page of nodes take half a second inside a snapshot. The thread cannot
// be ended in between, as in a long query. The file that QUESTION_BEGAN names says that one has begun.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { openReader } from '../../src/store/database.ts';
import answer from '../../src/federation/workers/pool-thread.ts';
import type { FederationQuestions } from '../../src/federation/workers/questions.ts';
import type { WorkerRequest } from '../../src/workers/questions.ts';

const { databasePath } = workerData as { databasePath: string };
const database = openReader(databasePath);

export default function slowly(request: WorkerRequest<FederationQuestions>): unknown {
  if (request.name !== 'nodePage') return answer(request);
  database.exec('BEGIN');
  database.prepare('SELECT count(*) FROM nodes').get();
  writeFileSync(process.env['QUESTION_BEGAN'] ?? '', '');
  execFileSync('sleep', ['0.5']);
  database.exec('COMMIT');
  return answer(request);
}
