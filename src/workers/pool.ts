// The pool that answers questions off the event loop: piscina with read-only connections. Every task has a time limit;
// a thread that hangs or dies is replaced, and only the one who asked notices.

import { Piscina } from 'piscina';
import { THREAD_YOUNG_HEAP_MEGABYTES_MAX } from '../config/bounds.ts';
import { CodedError } from '../lib/errors.ts';
import type { TaskName, WorkerTasks } from './tasks.ts';

export interface PoolOptions {
  /** The file that each thread runs. */
  readonly workerUrl: URL;
  readonly databasePath: string;
  readonly threads: number;
  readonly taskTimeMaxMs: number;
  readonly queueTasksMax: number;
  /** Told how long each answered task ran, in seconds. */
  onRun(seconds: number): void;
}

export class WorkerPool {
  readonly #piscina: Piscina;
  readonly #taskTimeMaxMs: number;
  readonly #onRun: (seconds: number) => void;
  #stopped = false;

  constructor(options: PoolOptions) {
    this.#taskTimeMaxMs = options.taskTimeMaxMs;
    this.#piscina = new Piscina({
      filename: options.workerUrl.href,
      workerData: { databasePath: options.databasePath },
      minThreads: options.threads,
      maxThreads: options.threads,
      maxQueue: options.queueTasksMax,
      resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_HEAP_MEGABYTES_MAX },
      // A thread serves one question at a time: a query does not yield.
      concurrentTasksPerWorker: 1,
    });
    // Without a listener an idle thread's death would end the process; piscina replaces it by itself.
    this.#piscina.on('error', () => undefined);
    this.#onRun = options.onRun;
  }

  /** Asks one question. Errors: `worker_timeout` when the time limit passes, the queue is full, or the thread died. */
  async ask<Name extends TaskName>(
    name: Name,
    argument: WorkerTasks[Name]['argument'],
  ): Promise<WorkerTasks[Name]['answer']> {
    const startedMs = performance.now();
    try {
      const answer: WorkerTasks[Name]['answer'] = await this.#piscina.run(
        { name, ...argument },
        { signal: AbortSignal.timeout(this.#taskTimeMaxMs) },
      );
      this.#onRun((performance.now() - startedMs) / 1000);
      return answer;
    } catch (error) {
      // A query that failed is our mistake; everything else is a thread that took too long, died, or was too busy.
      const isOurs = error instanceof Error && (error.name === 'SqliteError' || error instanceof TypeError);
      const code = isOurs ? 'internal' : 'worker_timeout';
      const what = isOurs ? 'failed in' : 'was not answered in time by';
      throw new CodedError(code, `The question "${name}" ${what} the worker pool.`, { cause: error });
    }
  }

  /** Tasks that wait for a thread. */
  get queueTasks(): number {
    return this.#piscina.queueSize;
  }

  /** True while at least one thread exists. */
  get isUp(): boolean {
    return !this.#stopped && this.#piscina.threads.length > 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#piscina.destroy();
  }
}
