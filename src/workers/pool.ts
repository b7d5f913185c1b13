// The pool that answers questions off the event loop: piscina with read-only connections. Every task has a time limit;
// a thread that hangs or dies is replaced, and only the one who asked notices. A question that the database refused is
// asked again until it is answered, so that the end of the trouble is noticed without anybody asking.

import { Piscina } from 'piscina';
import { REFUSED_QUESTION_INTERVAL_MS, THREAD_YOUNG_HEAP_MEGABYTES_MAX } from '../config/bounds.ts';
import { CodedError } from '../lib/errors.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { RefusedReads } from './refused-reads.ts';
import type { TaskName, WorkerReply, WorkerTasks } from './tasks.ts';

export interface PoolOptions {
  /** The file that each thread runs. */
  readonly workerUrl: URL;
  readonly databasePath: string;
  readonly threads: number;
  readonly taskTimeMaxMs: number;
  readonly queueTasksMax: number;
  /** Told of each question that the database refuses, and of its answer later. */
  readonly refusedReads: RefusedReads;
  /** Told how long each answered task ran, in seconds. */
  onRun(seconds: number): void;
}

export class WorkerPool {
  readonly #piscina: Piscina;
  readonly #taskTimeMaxMs: number;
  readonly #refusedReads: RefusedReads;
  readonly #onRun: (seconds: number) => void;
  /** By the name of the question: how to ask the latest that was refused once more. */
  readonly #refused = new Map<TaskName, () => Promise<unknown>>();
  #askAgain: NodeJS.Timeout | null = null;
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
    this.#refusedReads = options.refusedReads;
    this.#onRun = options.onRun;
  }

  /**
   * Asks one question. Errors: `worker_timeout` when the time limit passes, the queue is full, or the thread died;
   * `database_unusable` when the database refuses; `internal`.
   */
  ask<Name extends TaskName>(
    name: Name,
    argument: WorkerTasks[Name]['argument'],
  ): Promise<WorkerTasks[Name]['answer']> {
    const again = async (): Promise<WorkerTasks[Name]['answer']> => {
      const reply = await this.#run(name, argument);
      switch (reply.type) {
        case 'answer':
          // Another question of this name may still be refused.
          if (this.#refused.get(name) === again) this.#answered(name);
          return reply.answer;
        case 'refused':
          this.#refused.set(name, again);
          this.#refusedReads.refused(name, reply.sentence);
          this.#askAgainSoon();
          throw new CodedError('database_unusable', reply.sentence);
        case 'mistake':
          throw new CodedError('internal', `The question "${name}" failed in the worker pool.`, {
            cause: reply.error,
          });
        default:
          return unreachable(reply);
      }
    };
    return again();
  }

  async #run<Name extends TaskName>(
    name: Name,
    argument: WorkerTasks[Name]['argument'],
  ): Promise<WorkerReply<Name>> {
    const startedMs = performance.now();
    try {
      const reply: WorkerReply<Name> = await this.#piscina.run(
        { name, ...argument },
        { signal: AbortSignal.timeout(this.#taskTimeMaxMs) },
      );
      if (reply.type === 'answer') this.#onRun((performance.now() - startedMs) / 1000);
      return reply;
    } catch (error) {
      const what = `The question "${name}" was not answered in time by the worker pool.`;
      throw new CodedError('worker_timeout', what, { cause: error });
    }
  }

  #answered(name: TaskName): void {
    this.#refused.delete(name);
    this.#refusedReads.answered(name);
  }

  #askAgainSoon(): void {
    if (this.#stopped || this.#askAgain !== null) return;
    this.#askAgain = setTimeout(() => {
      // What is refused again, or not answered in time, stays in the map.
      void Promise.allSettled([...this.#refused.values()].map((again) => again())).then(() => {
        this.#askAgain = null;
        if (this.#refused.size > 0) this.#askAgainSoon();
      });
    }, REFUSED_QUESTION_INTERVAL_MS);
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
    if (this.#askAgain !== null) clearTimeout(this.#askAgain);
    await this.#piscina.destroy();
  }
}
