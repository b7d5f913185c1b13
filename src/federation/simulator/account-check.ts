// Compares the aggregator's counters with the oracle's: how many messages were applied, how many were duplicates, and
// that none was rejected, shed, quarantined or lost.

import type { Counters } from './counters.ts';
import { outcomeTotal, receivedTotal } from './counters.ts';
import type { MessageCounts } from './statement.ts';
import type { MessageType } from './vocabulary.ts';
import { SUBJECT_OF } from './vocabulary.ts';

/** A counter whose value is not the expected one. */
export interface AccountDifference {
  readonly counter: string;
  readonly expected: number;
  readonly counted: number;
}

/** Outcomes that no message of the simulator may have. */
const UNWANTED = ['replayed', 'rejected', 'rate_limited', 'shed', 'quarantined', 'ignored'];

/** Returns every counter whose change differs from what the simulator's messages alone would cause. */
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

/** Number of messages received beyond those of the simulator: other publishers sent them. */
export function receivedFromOthers(counters: Counters, sent: number): number {
  return Math.max(0, receivedTotal(counters) - sent);
}
