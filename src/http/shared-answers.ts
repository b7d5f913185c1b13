// Shares answers of the worker pool among all clients that ask the same question within a moment, so that a thousand
// open pages cost as much as one. It also limits how many questions from HTTP are under way, so that a tick never waits
// behind them.

import { createHash } from 'node:crypto';
import { CodedError } from '../lib/errors.ts';

/** Maximum number of answers kept for sharing; a history of 2,000 points is about 150 kB. */
export const SHARED_ANSWERS_MAX = 64;
/**
 * Maximum number of questions from HTTP that the pool runs or queues; further ones are refused, so that a tick never
 * waits long.
 */
export const HTTP_QUESTIONS_MAX = 16;

/** A JSON text with its entity tag. */
export interface TaggedText {
  readonly text: string;
  readonly tag: string;
}

/** Adds an entity tag to the text: a hash of its bytes. */
export function tagged(text: string): TaggedText {
  return { text, tag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` };
}

interface Kept {
  readonly answer: Promise<TaggedText>;
  readonly untilMs: number;
}

/** The answers of the last moments by question, and the limit on questions under way. */
export class SharedAnswers {
  readonly #monotonicMs: () => number;
  readonly #kept = new Map<string, Kept>();
  #underWay = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Returns the answer to `question`, at most `ageMs` old. Errors: those of `make`; `worker_timeout` if too many
   * questions are under way.
   */
  get(question: string, ageMs: number, make: () => Promise<unknown>): Promise<TaggedText> {
    const nowMs = this.#monotonicMs();
    const known = this.#kept.get(question);
    if (known !== undefined && nowMs < known.untilMs) return known.answer;
    if (this.#underWay >= HTTP_QUESTIONS_MAX) {
      return Promise.reject(new CodedError('worker_timeout', 'Too many questions are under way.'));
    }
    const answer = this.#make(make);
    this.#kept.delete(question);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= SHARED_ANSWERS_MAX) this.#kept.delete(oldest);
    const kept = { answer, untilMs: nowMs + ageMs };
    this.#kept.set(question, kept);
    answer.catch(() => {
      if (this.#kept.get(question) === kept) this.#kept.delete(question);
    });
    return answer;
  }

  async #make(make: () => Promise<unknown>): Promise<TaggedText> {
    this.#underWay++;
    try {
      return tagged(JSON.stringify(await make()));
    } finally {
      this.#underWay--;
    }
  }
}
