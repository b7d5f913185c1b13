// Collects the answers of the partitions for one tick. It asks again while no answer may be published, and waits a moment
// longer once one may, because another replica may be further. It judges no answer itself.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { PlacesPartial } from '../domain/partial.ts';
import type { Answered, Skip } from '../domain/tick-rules.ts';
import type { AskQuestion, AskRefusal, AskReply } from './ask-wire.ts';

/** What is asked. Times in ms since the epoch. */
export interface TickQuestion {
  /** The moment of the tick. */
  readonly nowMs: number;
  /** The progress that an answer must have. */
  readonly floor: number;
  readonly wantsPlaces: boolean;
  /** The answer to publish, or why none may be. */
  choose(answers: readonly Answered[]): Answered | Skip;
}

/** What a partition answered. */
interface TickAnswer {
  readonly counts: Answered | Skip;
  /** Null if they were not asked for, or did not come. */
  readonly places: PlacesPartial | null;
}

/** What is needed to ask. */
export interface TickAnswersParts {
  readonly timers: Timers;
  ask(
    partition: number,
    heard: (reply: AskReply) => void,
    signal: AbortSignal,
  ): (question: AskQuestion) => void;
}

/** Time between two questions, in ms. */
const ASK_AGAIN_MS = 1_000;
/** Time from the first answer that may be published to the choice, in ms. */
const SETTLE_MS = 150;
/** Time from the choice of the counts until places that have not come are done without, in ms. */
const PLACES_MS = 2_000;

/** The answers of all partitions. */
export interface Collected {
  /** One answer of each partition, in their order. */
  readonly chosen: readonly Answered[];
  /** The exact places of each partition; null if they were not asked for, or did not all come. */
  readonly places: readonly PlacesPartial[] | null;
}

/**
 * Asks every partition its question, in their order. Resolves when all have an answer to publish, or with the reason why
 * one has none when `signal` is aborted.
 */
export async function collectAnswers(
  questions: readonly TickQuestion[],
  parts: TickAnswersParts,
  signal: AbortSignal,
): Promise<Collected | Skip> {
  const found = await Promise.all(
    questions.map((question, partition) => new TickAnswers(partition, parts).collect(question, signal)),
  );
  const chosen: Answered[] = [];
  for (const { counts } of found) {
    if ('reason' in counts) return counts;
    chosen.push(counts);
  }
  const places = found.map((answer) => answer.places).filter((of) => of !== null);
  return { chosen, places: places.length === questions.length ? places : null };
}

/** The answers of one partition to one question. */
class TickAnswers {
  readonly #partition: number;
  readonly #parts: TickAnswersParts;
  /** The answer with the greatest progress of each process. */
  readonly #answers = new Map<string, Answered>();
  readonly #refusals = new Map<string, AskRefusal>();
  #places: PlacesPartial | null = null;
  #timers: Timer[] = [];

  constructor(partition: number, parts: TickAnswersParts) {
    this.#partition = partition;
    this.#parts = parts;
  }

  /** Resolves when there is an answer to publish, or with the reason why there is none when `signal` is aborted. */
  async collect(question: TickQuestion, signal: AbortSignal): Promise<TickAnswer> {
    const stop = new AbortController();
    const found = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      else this.#ask(question, AbortSignal.any([signal, stop.signal]), resolve);
    });
    await found;
    stop.abort();
    for (const timer of this.#timers) timer.cancel();
    return { counts: this.#chosen(question), places: this.#places };
  }

  #ask(question: TickQuestion, signal: AbortSignal, resolve: () => void): void {
    const { nowMs, floor, wantsPlaces } = question;
    let isSettling = false;
    let isSettled = false;
    const done = () => {
      if (isSettled && (!wantsPlaces || this.#places !== null)) resolve();
    };
    const heard = (reply: AskReply) => {
      this.#take(reply, nowMs);
      if (!isSettling && !('reason' in this.#chosen(question))) {
        isSettling = true;
        this.#after(SETTLE_MS, () => {
          isSettled = true;
          done();
        });
        this.#after(PLACES_MS, resolve);
      }
      done();
    };
    const send = this.#parts.ask(this.#partition, heard, signal);
    const again = () => {
      if (signal.aborted) return;
      if (!isSettling) send({ type: 'partial', nowMs, floor });
      if (wantsPlaces && this.#places === null) send({ type: 'places' });
      this.#after(ASK_AGAIN_MS, again);
    };
    again();
  }

  #take(reply: AskReply, nowMs: number): void {
    if (reply.type === 'places') this.#places ??= reply.places;
    if (reply.type === 'refused') this.#refusals.set(reply.replica, reply.reason);
    // An answer to the question of an earlier tick counted for another moment.
    if (reply.type !== 'partial' || reply.partial.nowMs !== nowMs) return;
    const known = this.#answers.get(reply.process);
    if (known === undefined || known.partial.progress <= reply.partial.progress)
      this.#answers.set(reply.process, { replica: reply.replica, partial: reply.partial });
  }

  #chosen(question: TickQuestion): Answered | Skip {
    const chosen = question.choose([...this.#answers.values()]);
    if (!('reason' in chosen) || this.#answers.size > 0 || this.#refusals.size === 0) return chosen;
    const refused = [...this.#refusals].map(([replica, reason]) => `${replica}: ${REFUSALS[reason]}`);
    const isFloor = [...this.#refusals.values()].includes('floor');
    const sentence = `partition ${this.#partition} gives no counts (${refused.join(', ')})`;
    return { reason: isFloor ? 'floor' : chosen.reason, sentence };
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(this.#parts.timers.after(ms, run));
  }
}

const REFUSALS: Readonly<Record<AskRefusal, string>> = {
  starting: 'starting',
  catching_up: 'catching up',
  busy: 'busy with other questions',
  floor: 'has applied less than what was published before',
  too_large: 'its answer is larger than the broker takes',
  failed: 'its database did not answer',
};
