// The enclave's questions for stored checkpoints that wait for the service's answer. It sends nothing itself.

import { CodedError } from '../../../lib/errors.ts';
import type { Checkpoint } from '../../domain/enclave-link.ts';

/** Questions that wait at the same time; further ones are refused. */
export const RESTORES_MAX = 1_000;

/** No service is linked, or the link broke before it answered: ask again when one is linked. */
export class NotLinkedError extends Error {
  override readonly name = 'NotLinkedError';
  constructor() {
    super('No service is linked to the enclave.');
  }
}

type Answer = PromiseWithResolvers<readonly Checkpoint[]>;

/** Questions without an answer. */
export class Restores {
  readonly #asked = new Map<number, Answer>();
  #lastNumber = 0;

  /**
   * Asks with a number of its own. Errors: {@link NotLinkedError}; `too_many` if {@link RESTORES_MAX} wait already.
   */
  ask(send: (number: number) => Promise<unknown>): Promise<readonly Checkpoint[]> {
    if (this.#asked.size >= RESTORES_MAX)
      return Promise.reject(
        new CodedError('too_many', `More than ${RESTORES_MAX} checkpoints are asked for.`),
      );
    const number = ++this.#lastNumber;
    const answer: Answer = Promise.withResolvers();
    this.#asked.set(number, answer);
    void send(number);
    return answer.promise;
  }

  /** The service answered. Unknown numbers are ignored. */
  answered(number: number, checkpoints: readonly Checkpoint[]): void {
    this.#asked.get(number)?.resolve(checkpoints);
    this.#asked.delete(number);
  }

  /** No service is linked any more. */
  unlinked(): void {
    for (const { reject } of this.#asked.values()) reject(new NotLinkedError());
    this.#asked.clear();
  }
}
