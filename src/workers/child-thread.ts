// Main's end of a thread of ours: starts it, passes plain messages both ways, and knows when it is gone.

import { type TransferListItem, Worker } from 'node:worker_threads';

/**
 * Heap that a thread of ours takes for objects just made, in MB. By itself V8 lets it grow to many times that, for no
 * gain in speed (bench/backlog.ts): with a million messages waiting, the process took 150 MB more.
 */
export const THREAD_YOUNG_HEAP_MEGABYTES_MAX = 16;

export interface ChildThreadOptions {
  readonly url: URL;
  readonly name: string;
  readonly data: object;
  readonly transfer?: readonly TransferListItem[];
}

export interface ChildThreadParts<Out> {
  message(message: Out): void;
  /** The thread ended without having been asked to. */
  died(error: unknown): void;
}

/** `In` is what main says, `Out` what the thread says; every thread understands `stop` and ends with `stopped`. */
export class ChildThread<In, Out extends { readonly type: string }> {
  readonly #worker: Worker;
  readonly #gone: Promise<void>;
  #isExpected = false;

  constructor(options: ChildThreadOptions, parts: ChildThreadParts<Out>) {
    const { url, name, data, transfer = [] } = options;
    this.#worker = new Worker(url, {
      workerData: data,
      name,
      transferList: [...transfer],
      resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_HEAP_MEGABYTES_MAX },
    });
    this.#worker.on('message', (message: Out) => {
      // A thread that failed tells why, and may end by itself.
      if (message.type === 'failed') this.#isExpected = true;
      parts.message(message);
      // Everything is committed and released; an attempt at a broker that never answers would keep the thread for seconds.
      if (message.type === 'stopped') void this.#worker.terminate();
    });
    const died = (error: unknown) => {
      if (!this.#isExpected) parts.died(error);
      this.#isExpected = true;
    };
    this.#worker.on('error', died);
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        died(new Error(`the ${name} thread ended`));
        resolve();
      });
    });
  }

  send(message: In | { readonly type: 'stop' }, transfer: readonly TransferListItem[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Has everything finished and the thread ended. */
  async stop(): Promise<void> {
    this.#isExpected = true;
    this.send({ type: 'stop' });
    await this.#gone;
  }
}
