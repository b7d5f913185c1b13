// An answer that a route gives by throwing it, from wherever it finds that the request is wrong.

import type { SimAnswer } from './sim-wire.ts';

/** A refusal: the server sends its answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: SimAnswer;
  /** The exchange's number or word, for the record. */
  readonly code: string;

  constructor(code: string, answer: SimAnswer) {
    super(`the simulated exchange refuses the request: ${code}`);
    this.answer = answer;
    this.code = code;
  }
}
