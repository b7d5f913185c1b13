// Answers of the worker pool, shared by everybody who asks the same within a moment: a thousand open pages cost as
// much as one. Bounds how many questions strangers may have under way, so that a tick never waits behind them.

import { createHash } from 'node:crypto';
import { CodedError } from '../lib/errors.ts';

/** Answers kept for that; a history of 2,000 points is about 150 kB. */
export const SHARED_ANSWERS_MAX = 64;
/** Questions of HTTP that the pool has in hand or waiting: more are refused, so that a tick never waits long. */
export const HTTP_QUESTIONS_MAX = 16;

/** A JSON text with its entity tag. */
export interface TaggedText {
  readonly text: string;
  readonly tag: string;
}

/** The text with the tag that its bytes decide. */
export function tagged(text: string): TaggedText {
  return { text, tag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` };
}

interface Kept {
  readonly answer: Promise<TaggedText>;
  readonly untilMs: number;
}

export class SharedAnswers {
  readonly #monotonicMs: () => number;
  readonly #kept = new Map<string, Kept>();
  #underWay = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** The answer to `question`, at most `ageMs` old. Errors: those of `make`, and `worker_timeout` when too much is under way. */
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
