// The main thread's end of the thread that owns the database: sends bodies and questions, and resolves their answers. It
// stores nothing, and holds no more requests than its bound.

import type { Log } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { ChildThread } from '../../workers/child-thread.ts';
import { ThreadRequests } from '../../workers/thread-requests.ts';
import { ingestThreadUrl } from './files.ts';
import type {
  IngestKey,
  IngestOutcome,
  IngestStatus,
  IngestThreadData,
  IngestToMain,
  MainToIngest,
} from './messages.ts';
import type { IngestQuestions } from './reports.ts';

/** Maximum number of summaries and questions that wait for the thread; further ones are told to come again. */
export const THREAD_REQUESTS_MAX = 256;

/** What an {@link IngestThread} needs of the main thread. */
export interface IngestThreadParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** The thread died or cannot continue, after the database was opened. */
  fatal(error: CodedError): void;
}

/** The thread, seen from the main thread. */
export class IngestThread implements Part {
  readonly #parts: IngestThreadParts;
  readonly #thread: ChildThread<MainToIngest, IngestToMain>;
  readonly #opened = Promise.withResolvers<void>();
  readonly #requests = new ThreadRequests();
  #isOpened = false;
  /** The latest report of the thread; null before the first. */
  status: IngestStatus | null = null;

  constructor(data: IngestThreadData, parts: IngestThreadParts) {
    this.#parts = parts;
    this.#thread = new ChildThread(
      { url: ingestThreadUrl, name: 'ingest', data },
      { message: (message) => this.#receive(message), died: (error) => this.#died(error) },
    );
  }

  /** Resolves when the database is open. Errors: those of opening a database. */
  async start(): Promise<void> {
    await this.#thread.start();
    await this.#opened.promise;
  }

  /** What was sent before is answered first. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  /** Requests that wait for the thread. */
  get waiting(): number {
    return this.#requests.waiting;
  }

  /** From now on summaries are verified with these keys. */
  setKeys(keys: readonly IngestKey[]): void {
    this.#thread.send({ type: 'keys', keys });
  }

  /** Verifies and stores a body, of which the thread gets a copy. Null: too many requests wait. */
  async ingest(body: Uint8Array, expectedDigest: string | null): Promise<IngestOutcome | null> {
    if (this.#requests.waiting >= THREAD_REQUESTS_MAX) return null;
    const answer = await this.#request((id) => ({ type: 'ingest', id, body, expectedDigest }));
    return answer as IngestOutcome;
  }

  /** Asks the database. Errors: `worker_timeout` if too many requests wait; `database_unusable`. */
  async ask<Name extends keyof IngestQuestions>(
    name: Name,
    argument: IngestQuestions[Name]['argument'],
  ): Promise<IngestQuestions[Name]['answer']> {
    if (this.#requests.waiting >= THREAD_REQUESTS_MAX)
      throw new CodedError('worker_timeout', 'Too many requests wait for the database.');
    // The name decides the argument and the answer.
    const message = { type: 'ask', name, argument } as Extract<MainToIngest, { readonly type: 'ask' }>;
    const answer = await this.#request((id) => ({ ...message, id }));
    return answer as IngestQuestions[Name]['answer'];
  }

  #request(message: (id: number) => MainToIngest): Promise<unknown> {
    return this.#requests.ask((id) => this.#thread.send(message(id)));
  }

  #receive(message: IngestToMain): void {
    switch (message.type) {
      case 'opened':
        this.#isOpened = true;
        this.status = message.status;
        this.#opened.resolve();
        return;
      case 'ingested':
        this.#requests.answered(message.id, message.outcome);
        return;
      case 'answered':
        this.#requests.answered(message.id, message.answer);
        return;
      case 'unanswered':
        this.#requests.refused(
          message.id,
          new CodedError('database_unusable', 'The database cannot be read.'),
        );
        return;
      case 'status':
        this.status = message.status;
        return;
      case 'log':
        this.#parts.log[message.level](message.sentence);
        return;
      case 'failed':
        this.#fail(new CodedError(message.code, message.sentence));
        return;
      case 'stopped':
        this.#requests.end(closedError());
        return;
      default:
        unreachable(message);
    }
  }

  #died(error: unknown): void {
    this.#parts.log.error('ingest database: its thread died', { error });
    this.#fail(
      new CodedError(
        'ingest_failed',
        'The thread of the ingest database died; what was answered for is safe.',
      ),
    );
  }

  /** Before the database is open, the error makes the start fail. */
  #fail(error: CodedError): void {
    this.#requests.end(closedError());
    if (this.#isOpened) this.#parts.fatal(error);
    else this.#opened.reject(error);
  }
}

function closedError(): CodedError {
  return new CodedError('database_unusable', 'The database is closed.');
}
