// The main thread's ends of the two threads through which messages pass, source and ingest. It starts them, forwards
// their reports, and reports a fatal error when one of them dies. It does not interpret the reports.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Settings } from '../config/settings.ts';
import type { SourceStatus } from '../domain/accounting.ts';
import { ingestThreadUrl, sourceThreadUrl } from './files.ts';
import type { IngestNews } from './known.ts';
import type {
  IngestSeams,
  IngestToMain,
  MainToIngest,
  MainToSource,
  SourceThreadData,
  SourceToMain,
} from './messages.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';
import type { Log } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { ChildThread } from '../../workers/child-thread.ts';

/** What {@link DataThreads} needs of the main thread. */
export interface DataThreadsParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Called with each report of the ingest thread. */
  news(news: IngestNews): void;
  /** The writer's reply to the operator request with this number. */
  replied(id: number, reply: OperatorRequestReply): void;
  /** Called when a thread dies or cannot continue, after the database was opened. */
  fatal(error: CodedError): void;
}

/** The messages that both threads send. */
type CommonMessage = Extract<SourceToMain | IngestToMain, { type: 'log' | 'failed' | 'stopped' }>;

/** The source thread and the ingest thread, seen from the main thread. */
export class DataThreads {
  readonly #settings: Settings;
  readonly #parts: DataThreadsParts;
  readonly #ingest: ChildThread<MainToIngest, IngestToMain>;
  /** Resolves when the database is open; rejects if the thread fails before. */
  readonly #opened = Promise.withResolvers<void>();
  #isOpened = false;

  constructor(settings: Settings, seams: IngestSeams, parts: DataThreadsParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#ingest = new ChildThread(
      { url: ingestThreadUrl, name: 'ingest', data: { settings, seams } },
      { message: (message) => this.#receive(message), died: (error) => this.#die('ingest', error) },
    );
  }

  /** The ingest thread. Its start resolves when the database is open, and throws if it cannot be opened. */
  get ingest(): Part {
    return {
      start: async () => {
        await this.#ingest.start();
        await this.#opened.promise;
      },
      stop: () => this.#ingest.stop(),
    };
  }

  /** Makes the source thread, with a port of its own to the ingest thread. May be called once. */
  source(
    data: Pick<SourceThreadData, 'nats' | 'observedMs'>,
    onStatus: (status: SourceStatus) => void,
  ): Part {
    const { port1, port2 } = new MessageChannel();
    this.send({ type: 'source', port: port2 }, [port2]);
    const threadData: SourceThreadData = { ...data, settings: this.#settings, ingest: port1 };
    return new ChildThread<MainToSource, SourceToMain>(
      { url: sourceThreadUrl, name: 'source', data: threadData, transfer: [port1] },
      {
        message: (message) =>
          message.type === 'status' ? onStatus(message.status) : this.#receiveCommon(message),
        died: (error) => this.#die('source', error),
      },
    );
  }

  /** Sends a message to the ingest thread. */
  send(message: MainToIngest, transfer: readonly MessagePort[] = []): void {
    this.#ingest.send(message, transfer);
  }

  #receive(message: IngestToMain): void {
    switch (message.type) {
      case 'opened':
        this.#parts.news(message);
        this.#isOpened = true;
        this.#opened.resolve();
        return;
      case 'committed':
      case 'snapshot':
      case 'keys':
      case 'joined':
        this.#parts.news(message);
        return;
      case 'operatorReply':
        this.#parts.replied(message.id, message.reply);
        return;
      case 'log':
      case 'failed':
      case 'stopped':
        this.#receiveCommon(message);
        return;
      default:
        unreachable(message);
    }
  }

  #receiveCommon(message: CommonMessage): void {
    if (message.type === 'log') this.#parts.log[message.level](message.sentence);
    if (message.type === 'failed') this.#fail(new CodedError(message.code, message.sentence));
  }

  #die(thread: string, error: unknown): void {
    this.#parts.log.error(`${thread}: the thread died`, { error });
    const what = `The ${thread} thread died; what was committed is safe, and the next start reads on from there.`;
    this.#fail(new CodedError('ingest_failed', what));
  }

  /** Before the database is open, the error makes the start fail, and the caller of the start reports it. */
  #fail(error: CodedError): void {
    if (this.#isOpened) this.#parts.fatal(error);
    else this.#opened.reject(error);
  }
}
