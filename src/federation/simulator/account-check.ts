// The aggregator's counters against the oracle's: how many messages were applied, how many were duplicates, and that
// nothing was refused, shed, set aside or lost.

import type { Counters } from './counters.ts';
import { outcomeTotal, receivedTotal } from './counters.ts';
import type { MessageCounts } from './statement.ts';
import type { MessageType } from './vocabulary.ts';
import { SUBJECT_OF } from './vocabulary.ts';

export interface AccountDifference {
  readonly counter: string;
  readonly expected: number;
  readonly counted: number;
}

/** Outcomes that none of our messages may have. */
const UNWANTED = ['replayed', 'rejected', 'rate_limited', 'shed', 'quarantined', 'ignored'];

/** Every counter of the difference that is not what our messages alone would have made it. */
export function compareAccount(counters: Counters, expected: MessageCounts): readonly AccountDifference[] {
  const differences: AccountDifference[] = [];
  const check = (counter: string, wanted: number, counted: number): void => {
    if (wanted !== counted) differences.push({ counter, expected: wanted, counted });
  };
  for (const type of Object.keys(SUBJECT_OF) as MessageType[]) {
    const subject = SUBJECT_OF[type];
    for (const outcome of ['applied', 'duplicate'] as const) {
      check(`${subject} ${outcome}`, expected[type][outcome], outcomeTotal(counters, outcome, subject));
    }
    for (const outcome of UNWANTED)
      check(`${subject} ${outcome}`, 0, outcomeTotal(counters, outcome, subject));
  }
  check('lost', 0, counters.lost);
  return differences;
}

/** Messages beyond ours: somebody else publishes. */
export function receivedFromOthers(counters: Counters, sent: number): number {
  return Math.max(0, receivedTotal(counters) - sent);
}
