// The pool that answers questions outside the event loop: piscina, with a program's own thread file. Every question has
// a time limit. A thread that hangs or dies is replaced; only the caller of its question notices. If a database refuses
// a question, the pool repeats it until it is answered, so that the program notices the end of the trouble even if no
// caller asks again.

import { Piscina } from 'piscina';
import { THREAD_YOUNG_HEAP_MEGABYTES_MAX } from './child-thread.ts';
import { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { RefusedReads } from './refused-reads.ts';
import type { QuestionsOf, WorkerReply } from './questions.ts';
import { systemClock } from '../lib/clock.ts';

/** Maximum time of a question, if the options name no other. */
const QUESTION_TIME_MAX_MS = 10_000;
/** Maximum number of questions that wait for a thread; further ones are refused at once. */
const WAITING_QUESTIONS_MAX = 256;
/** Wait until the pool repeats a question that the database refused. */
export const REFUSED_QUESTION_INTERVAL_MS = 2_000;

/** Threads and observers of a pool. */
export interface PoolOptions {
  /** The file that each thread runs. */
  readonly workerUrl: URL;
  /** What each thread finds in its `workerData`: plain data, for example `databasePath`. */
  readonly workerData: object;
  readonly threads: number;
  /** Maximum time of a question in ms, its wait in the queue included. Then its thread is ended: `worker_timeout`. */
  readonly questionMs?: number;
  /** Informed of each question that the database refuses, and of its later answer. Null if the threads read none. */
  readonly refusedReads: RefusedReads | null;
  /** Called with the time that each answered question took, wait included, in seconds. */
  onRun(seconds: number): void;
}

/** Answers the questions `Q` of one program. */
export class WorkerPool<Q extends QuestionsOf<Q>> implements Part {
  readonly #options: PoolOptions;
  /** The threads; null before the start. */
  #piscina: Piscina | null = null;
  /** For each refused question, by name: the function that repeats its latest request. */
  readonly #refused = new Map<keyof Q, () => Promise<unknown>>();
  #askAgain: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { workerUrl, workerData, threads } = this.#options;
    this.#piscina = new Piscina({
      filename: workerUrl.href,
      workerData,
      minThreads: threads,
      maxThreads: threads,
      maxQueue: WAITING_QUESTIONS_MAX,
      resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_HEAP_MEGABYTES_MAX },
      // A thread answers one question at a time, because its work does not yield.
      concurrentTasksPerWorker: 1,
    });
    // Without a listener the death of an idle thread would end the process. Piscina replaces the thread by itself.
    this.#piscina.on('error', () => undefined);
  }

  /**
   * Asks one question. Rejects with `worker_timeout` if the time limit passes, the queue is full, the thread died
   * or there is none yet, with `database_unusable` if the database refuses, and with `internal` if the thread has a defect.
   */
  ask<Name extends keyof Q & string>(name: Name, argument: Q[Name]['argument']): Promise<Q[Name]['answer']> {
    const again = async (): Promise<Q[Name]['answer']> => {
      const reply = await this.#run(name, argument);
      switch (reply.type) {
        case 'answer':
          // Only if no later request of this name was refused.
          if (this.#refused.get(name) === again) this.#answered(name);
          return reply.answer;
        case 'refused':
          if (this.#options.refusedReads !== null) {
            this.#refused.set(name, again);
            this.#options.refusedReads.refused(name, reply.sentence);
            this.#askAgainSoon();
          }
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
    if (this.#piscina === null) throw new CodedError('worker_timeout', 'The worker pool is not running yet.');
    const startedMs = systemClock.monotonicMs();
    const { questionMs = QUESTION_TIME_MAX_MS } = this.#options;
    try {
      const reply: WorkerReply<Q[Name]['answer']> = await this.#piscina.run(
        { name, ...argument },
        { signal: AbortSignal.timeout(questionMs) },
      );
      if (reply.type === 'answer') this.#options.onRun((systemClock.monotonicMs() - startedMs) / 1000);
      return reply;
    } catch (error) {
      const what = `The question "${name}" was not answered in time by the worker pool.`;
      throw new CodedError('worker_timeout', what, { cause: error });
    }
  }

  #answered(name: keyof Q & string): void {
    this.#refused.delete(name);
    this.#options.refusedReads?.answered(name);
  }

  #askAgainSoon(): void {
    if (this.#stopped || this.#askAgain !== null) return;
    this.#askAgain = setTimeout(() => {
      // Questions that are refused again or time out stay in the map.
      void Promise.allSettled([...this.#refused.values()].map((again) => again())).then(() => {
        this.#askAgain = null;
        if (this.#refused.size > 0) this.#askAgainSoon();
      });
    }, REFUSED_QUESTION_INTERVAL_MS);
  }

  /** Number of questions that wait for a thread. */
  get waitingQuestions(): number {
    return this.#piscina?.queueSize ?? 0;
  }

  /** True while at least one thread exists. */
  get isUp(): boolean {
    return !this.#stopped && this.#piscina !== null && this.#piscina.threads.length > 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#askAgain !== null) clearTimeout(this.#askAgain);
    await this.#piscina?.destroy();
  }
}
