// The work of every pool thread: it answers questions, either from a database that it opens for reading at the first
// question, or from the question alone. The answering functions never throw.

import { type Database, openReader } from '../store/database.ts';
import { explainRefusal, refusalOf } from '../store/refusal.ts';
import type { WorkerReply } from './questions.ts';

/** Reads the path of the database from a thread's `workerData`. Throws if it is not there. */
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
 * The function that piscina calls with each request. It calls `prepare` after each opening of the database; `prepare`
 * returns the function that answers. After a refusal the database is opened again, because SQLite would keep the
 * damaged pages.
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

/** The function that piscina calls with each request, for a thread that needs no database. */
export function answeringAlone<Request, Answer>(
  answer: (request: Request) => Answer,
): (request: Request) => WorkerReply<Answer> {
  return (request) => {
    try {
      return { type: 'answer', answer: answer(request) };
    } catch (error) {
      return { type: 'mistake', error };
    }
  };
}
