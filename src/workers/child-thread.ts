// Main's side of a child thread: it starts the thread, passes plain messages both ways, and notices the thread's end.

import { type TransferListItem, Worker } from 'node:worker_threads';
import type { Part } from '../lib/part.ts';

/**
 * Maximum heap for new objects in a child thread, in MB. By default V8 lets it grow to many times that without any gain
 * in speed (bench/backlog.ts): with a million waiting messages, the process took 150 MB more.
 */
export const THREAD_YOUNG_HEAP_MEGABYTES_MAX = 16;

/** The file that a thread runs, its name in errors, and its `workerData` with the memory that moves with it. */
export interface ChildThreadOptions {
  readonly url: URL;
  readonly name: string;
  readonly data: object;
  readonly transfer?: readonly TransferListItem[];
}

/** What a {@link ChildThread} tells its owner. */
export interface ChildThreadParts<Out> {
  /** The thread sent a message. */
  message(message: Out): void;
  /** The thread ended without having been asked to. */
  died(error: unknown): void;
}

/**
 * `In` is the type of main's messages, `Out` that of the thread's. Every thread understands `stop` and answers
 * `stopped` when its work is done.
 */
export class ChildThread<In, Out extends { readonly type: string }> implements Part {
  readonly #options: ChildThreadOptions;
  readonly #parts: ChildThreadParts<Out>;
  #worker: Worker | null = null;
  #gone: Promise<void> = Promise.resolve();
  #isExpected = false;

  constructor(options: ChildThreadOptions, parts: ChildThreadParts<Out>) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Starts the thread, and does not wait for its first message. */
  async start(): Promise<void> {
    const { url, name, data, transfer = [] } = this.#options;
    const worker = new Worker(url, {
      workerData: data,
      name,
      transferList: [...transfer],
      resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_HEAP_MEGABYTES_MAX },
    });
    this.#worker = worker;
    worker.on('message', (message: Out) => {
      // After `failed`, which carries the reason, the thread may end by itself.
      if (message.type === 'failed') this.#isExpected = true;
      this.#parts.message(message);
      // After `stopped` all work is committed and released. A pending connection attempt to a broker that never answers
      // would otherwise keep the thread alive for seconds.
      if (message.type === 'stopped') void worker.terminate();
    });
    const died = (error: unknown) => {
      if (!this.#isExpected) this.#parts.died(error);
      this.#isExpected = true;
    };
    worker.on('error', died);
    this.#gone = new Promise((resolve) => {
      worker.on('exit', () => {
        died(new Error(`the ${name} thread ended`));
        resolve();
      });
    });
  }

  /** Sends a message to the thread; before the start it is dropped. */
  send(message: In | { readonly type: 'stop' }, transfer: readonly TransferListItem[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  /** Asks the thread to finish its work; resolves when the thread has ended. */
  async stop(): Promise<void> {
    this.#isExpected = true;
    this.send({ type: 'stop' });
    await this.#gone;
  }
}
