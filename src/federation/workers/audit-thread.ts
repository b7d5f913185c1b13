// Entry of the thread that makes one audit and ends. It has its own read-only connection, so that a long audit occupies
// no thread of the pool. It never writes.

import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../../store/database.ts';
import { explainRefusal, refusalOf } from '../../store/refusal.ts';
import type { AuditReply } from './auditor.ts';
import { audit } from './audit.ts';

const { databasePath } = workerData as { databasePath: string };

function auditOnce(): AuditReply {
  const database = openReader(databasePath);
  try {
    // The auditor terminates the thread between two pages when its time is up.
    return { type: 'made', report: audit(database, { progress: () => undefined }) };
  } finally {
    database.close();
  }
}

function replyOf(make: () => AuditReply): AuditReply {
  try {
    return make();
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return { type: 'refused', sentence: explainRefusal(error, refusal, databasePath, 'read') };
  }
}

parentPort?.postMessage(replyOf(auditOnce));
