// What every thread of a pool does: opens the database for reading when it is first asked, and answers. It throws nothing.

import { type Database, openReader } from '../store/database.ts';
import { explainRefusal, refusalOf } from '../store/refusal.ts';
import type { WorkerReply } from './questions.ts';

/** The path of the database, as the pool hands it to its threads. */
export function databasePathIn(data: unknown): string {
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

/**
 * The function that piscina calls with each request. `prepare` is called once for each opening of the database and returns
 * what answers; after a refusal the database is opened anew, for SQLite would keep the damaged pages.
 */
export function answering<Request, Answer>(
  path: string,
  prepare: (database: Database) => (request: Request) => Answer,
): (request: Request) => WorkerReply<Answer> {
  let opened: { readonly database: Database; readonly read: (request: Request) => Answer } | null = null;
  const open = () => {
    const database = openReader(path);
    try {
      return { database, read: prepare(database) };
    } catch (error) {
      database.close();
      throw error;
    }
  };
  return (request) => {
    try {
      opened ??= open();
      return { type: 'answer', answer: opened.read(request) };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) return { type: 'mistake', error };
      opened?.database.close();
      opened = null;
      return { type: 'refused', sentence: explainRefusal(error, refusal, path, 'read') };
    }
  };
}
