// The pool that answers questions off the event loop: piscina with read-only connections. Every task has a time limit;
// a thread that hangs or dies is replaced, and only the one who asked notices. A question that the database refused is
// asked again until it is answered, so that the end of the trouble is noticed without anybody asking.

import { Piscina } from 'piscina';
import { THREAD_YOUNG_HEAP_MEGABYTES_MAX } from './child-thread.ts';
import { CodedError } from '../lib/errors.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { RefusedReads } from './refused-reads.ts';
import type { QuestionsOf, WorkerReply } from './questions.ts';
import { systemClock } from '../lib/clock.ts';

/** Until a question of the pool that the database refused is asked again. */
export const REFUSED_QUESTION_INTERVAL_MS = 2_000;

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

/** Answers the questions `Q` of one program. */
export class WorkerPool<Q extends QuestionsOf<Q>> {
  readonly #piscina: Piscina;
  readonly #taskTimeMaxMs: number;
  readonly #refusedReads: RefusedReads;
  readonly #onRun: (seconds: number) => void;
  /** By the name of the question: how to ask the latest that was refused once more. */
  readonly #refused = new Map<keyof Q, () => Promise<unknown>>();
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
  ask<Name extends keyof Q & string>(name: Name, argument: Q[Name]['argument']): Promise<Q[Name]['answer']> {
    const again = async (): Promise<Q[Name]['answer']> => {
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

  async #run<Name extends keyof Q & string>(
    name: Name,
    argument: Q[Name]['argument'],
  ): Promise<WorkerReply<Q[Name]['answer']>> {
    const startedMs = systemClock.monotonicMs();
    try {
      const reply: WorkerReply<Q[Name]['answer']> = await this.#piscina.run(
        { name, ...argument },
        { signal: AbortSignal.timeout(this.#taskTimeMaxMs) },
      );
      if (reply.type === 'answer') this.#onRun((systemClock.monotonicMs() - startedMs) / 1000);
      return reply;
    } catch (error) {
      const what = `The question "${name}" was not answered in time by the worker pool.`;
      throw new CodedError('worker_timeout', what, { cause: error });
    }
  }

  #answered(name: keyof Q & string): void {
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
