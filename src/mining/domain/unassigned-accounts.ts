// Which accounts an upstream refuses, so that an operator is told of each once and not in every block.

import type { Alarm } from './alarm.ts';
import { accountKey } from './submission.ts';
import type { Entry } from './facts.ts';
import type { DeliveryOutcome } from './upstream-answer.ts';

/** Accounts of which an operator was told; the one that was told first is forgotten first. */
export const UNASSIGNED_MAX = 10_000;

/** Remembers an account from its first refusal until the upstream takes a submission of it. */
export class UnassignedAccounts {
  readonly #told = new Set<string>();

  /** The alarm for what became of a delivery; null for none. */
  settled({ upstream, submission }: Entry, outcome: DeliveryOutcome, nowMs: number): Alarm | null {
    const accountId = accountKey(submission);
    const key = `${accountId} ${upstream}`;
    if (outcome.type === 'delivered') this.#told.delete(key);
    if (outcome.type !== 'refused' || outcome.about !== 'account' || this.#told.has(key)) return null;
    this.#told.add(key);
    if (this.#told.size > UNASSIGNED_MAX) {
      for (const first of this.#told) {
        this.#told.delete(first);
        break;
      }
    }
    return { type: 'not_assigned', atMs: nowMs, upstream, accountId, text: outcome.text };
  }
}
