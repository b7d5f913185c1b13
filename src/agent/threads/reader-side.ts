// Main's end of the reader's thread: it starts the thread, puts requests to it and hands back the answers, and keeps its
// latest report. It reads no file and stores nothing.

import type { Log } from '../../io/log.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { ChildThread } from '../../workers/child-thread.ts';
import { ThreadRequests } from '../../workers/thread-requests.ts';
import type { AgentIdentity, OpenedState } from '../domain/agent-state.ts';
import type { FactType, Outbox, QueuedMessage, SetAsideReason } from '../domain/messages.ts';
import type { StatisticsRow } from '../domain/network-statistics.ts';
import type { ReaderReport } from '../domain/reader-report.ts';
import { readerThreadUrl } from './files.ts';
import type {
  MainToReader,
  ReaderAnswers,
  ReaderRequest,
  ReaderThreadData,
  ReaderToMain,
} from './messages.ts';

/** Requests that may wait for their answers; more are refused. */
export const READER_REQUESTS_MAX = 1_000;

/** What a {@link ReaderSide} needs of the main thread. */
export interface ReaderSideParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** A new report is there, in `report`. */
  reported(): void;
  /** The thread died or cannot continue, after the state was opened. */
  fatal(error: CodedError): void;
}

/** The reader's thread, seen from the main thread. */
export class ReaderSide implements Part<OpenedState> {
  /** The outbox, which the thread holds. Its calls reject only if the thread has ended. */
  readonly outbox: Outbox;
  /** The latest report of the thread; null before the first. */
  report: ReaderReport | null = null;
  readonly #parts: ReaderSideParts;
  readonly #thread: ChildThread<MainToReader, ReaderToMain>;
  readonly #opened = Promise.withResolvers<OpenedState>();
  readonly #requests = new ThreadRequests();
  #isOpened = false;

  constructor(data: ReaderThreadData, parts: ReaderSideParts) {
    this.#parts = parts;
    this.#thread = new ChildThread(
      { url: readerThreadUrl, name: 'reader', data },
      { message: (message) => this.#receive(message), died: (error) => this.#died(error) },
    );
    this.outbox = {
      take: (limit, nowMs, withoutTypes) => this.#take(limit, nowMs, withoutTypes),
      countPresence: (count, nowMs) => this.#tell({ type: 'countPresence', count, nowMs }),
      confirmed: (ids) => this.#tell({ type: 'confirmed', ids }),
      setAside: (ids, reason: SetAsideReason) => this.#tell({ type: 'setAside', ids, reason }),
      returned: () => this.#tell({ type: 'returned' }),
    };
  }

  /** Resolves when the state is open, and throws if it cannot be opened. */
  async start(): Promise<OpenedState> {
    await this.#thread.start();
    return this.#opened.promise;
  }

  /** What was asked before is answered, and what was read is stored, unless the disk refuses. */
  async stop(): Promise<void> {
    await this.#thread.stop();
    this.#requests.end(new CodedError('ingest_failed', 'The reader thread has stopped.'));
  }

  /** Replaces the kept statistics. Rejects if the disk refuses. */
  keepStatistics(row: StatisticsRow): Promise<void> {
    return this.#tell({ type: 'keepStatistics', row });
  }

  /** Keeps the salt, with which the sources are read from now on. True if another one was known before. */
  setSalt(salt: string): Promise<boolean> {
    return this.#ask({ type: 'setSalt', salt }, 'setSalt');
  }

  /** Pins the key that signs statistics; null takes the pin away, and the next key seen is pinned. */
  pinKey(key: PublicJwk | null): Promise<AgentIdentity> {
    return this.#ask({ type: 'pinKey', key }, 'pinKey');
  }

  /** Gives the node a new id. What was sent is not sent again. */
  forget(): Promise<AgentIdentity> {
    return this.#ask({ type: 'forget' }, 'forget');
  }

  #take(limit: number, nowMs: number, withoutTypes: readonly FactType[]): Promise<readonly QueuedMessage[]> {
    return this.#ask({ type: 'take', limit, nowMs, withoutTypes }, 'take');
  }

  async #tell(request: ReaderRequest): Promise<void> {
    await this.#ask(request, request.type);
  }

  async #ask<Type extends keyof ReaderAnswers>(
    request: ReaderRequest,
    _type: Type,
  ): Promise<ReaderAnswers[Type]> {
    if (this.#requests.waiting >= READER_REQUESTS_MAX)
      throw new CodedError('too_many', 'Too many requests wait for the reader thread.');
    const answer = await this.#requests.ask((id) => this.#thread.send({ type: 'request', id, request }));
    // The thread answers each request with the answer of its type.
    return answer as ReaderAnswers[Type];
  }

  #receive(message: ReaderToMain): void {
    switch (message.type) {
      case 'opened':
        this.#isOpened = true;
        this.#opened.resolve(message.opened);
        return;
      case 'answer':
        this.#requests.answered(message.id, message.answer);
        return;
      case 'refused':
        this.#requests.refused(message.id, new CodedError('database_unusable', message.sentence));
        return;
      case 'report':
        this.report = message.report;
        this.#parts.reported();
        return;
      case 'log':
        this.#parts.log[message.level](message.sentence);
        return;
      case 'failed':
        this.#fail(new CodedError(message.code, message.sentence));
        return;
      case 'stopped':
        return;
      default:
        unreachable(message);
    }
  }

  #died(error: unknown): void {
    this.#parts.log.error('reader: the reader thread died', { error });
    const what = 'The reader thread died; what was committed is safe, and the next start goes on from there.';
    this.#fail(new CodedError('ingest_failed', what));
  }

  #fail(error: CodedError): void {
    this.#requests.end(error);
    if (this.#isOpened) this.#parts.fatal(error);
    else this.#opened.reject(error);
  }
}
