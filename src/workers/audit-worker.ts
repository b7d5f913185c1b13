// The entry of the thread that audits once and ends: one read-only connection of its own, so that a long audit takes no
// thread from the pool. It never writes.

import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../store/database.ts';
import { audit } from './federation/audit.ts';

const { databasePath } = workerData as { databasePath: string };
const database = openReader(databasePath);
try {
  // The thread is ended between two pages when its time is up.
  parentPort?.postMessage(audit(database, { progress: () => undefined }));
} finally {
  database.close();
}
