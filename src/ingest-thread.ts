// Main's end of the ingest thread: starts it, passes plain messages both ways, and knows when it is gone.

import { Worker } from 'node:worker_threads';
import { ingestThreadUrl } from './lib/worker-files.ts';
import type { FromIngest, IngestThreadData, ToIngest } from './thread-messages.ts';

export interface IngestThreadParts {
  message(message: FromIngest): void;
  /** The thread ended without having been asked to. */
  died(error: unknown): void;
}

export class IngestThread {
  readonly #worker: Worker;
  readonly #gone: Promise<void>;
  #isStopping = false;

  constructor(data: IngestThreadData, parts: IngestThreadParts) {
    this.#worker = new Worker(ingestThreadUrl, { workerData: data, name: 'ingest' });
    this.#worker.on('message', (message: FromIngest) => {
      // `failed` before `opened` ends the thread by itself, and its reason is already told.
      if (message.type === 'failed') this.#isStopping = true;
      parts.message(message);
      // All is committed and released; an attempt at a broker that never answers would keep the thread for seconds.
      if (message.type === 'stopped') void this.#worker.terminate();
    });
    this.#worker.on('error', (error) => {
      if (!this.#isStopping) parts.died(error);
      this.#isStopping = true;
    });
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        if (!this.#isStopping) parts.died(new Error('the ingest thread ended'));
        this.#isStopping = true;
        resolve();
      });
    });
  }

  send(message: ToIngest): void {
    this.#worker.postMessage(message);
  }

  /** Has everything committed and the thread ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.send({ type: 'stop' });
    await this.#gone;
  }
}
