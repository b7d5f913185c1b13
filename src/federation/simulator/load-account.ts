// Compares the aggregator's counters with the demands of a load test. A message that a node sent again because it was
// unconfirmed may have reached the aggregator once or twice. So a count may exceed what the plan alone would cause by
// the number of messages sent again, and by no more.

import type { Counters } from './counters.ts';
import { outcomeTotal } from './counters.ts';
import type { Demands } from './load-plan.ts';
import type { MessageType } from './vocabulary.ts';
import { SUBJECT_OF } from './vocabulary.ts';

/** One thing that is not as it must be. */
export interface NamedDifference {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** The least and the greatest allowed value. */
interface Span {
  readonly least: number;
  readonly most: number;
}

type Outcome = 'applied' | 'duplicate' | 'rate_limited' | 'rejected';

/** Outcomes that no message of a load test may have. */
const UNWANTED = ['replayed', 'shed', 'quarantined', 'ignored'];

function spanText({ least, most }: Span): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

/** Adds a difference if the value lies outside the span. */
function check(differences: NamedDifference[], what: string, span: Span, found: number): void {
  if (found >= span.least && found <= span.most) return;
  differences.push({ what, expected: spanText(span), found: String(found) });
}

function sumOn(counts: ReadonlyMap<string, number>, subject: string): number {
  let sum = 0;
  for (const [key, count] of counts) if (key.startsWith(`${subject} `)) sum += count;
  return sum;
}

/** What each outcome of one subject may be, without limits. */
function spansOf(
  type: MessageType,
  demands: Demands,
  resent: ReadonlyMap<string, number>,
): Record<Outcome, Span> {
  const subject = SUBJECT_OF[type];
  const { applied, duplicate } = demands.expected.messages[type];
  const again = resent.get(subject) ?? 0;
  // A repeated report of a task or an invoice is a duplicate; presence messages never are.
  const isPresence = type === 'heartbeat' || type === 'node_joined' || type === 'node_left';
  const refused = sumOn(demands.refused, subject);
  return {
    applied: { least: applied, most: applied + (isPresence ? again : 0) },
    duplicate: { least: duplicate, most: duplicate + (isPresence ? 0 : again) },
    rate_limited: { least: 0, most: 0 },
    rejected: { least: refused, most: refused + sumOn(resent, subject) },
  };
}

/** The spans of a subject whose messages a limit may refuse. */
function limitedSpans(
  spans: Record<Outcome, Span>,
  subject: string,
  { limited }: Demands,
): Record<Outcome, Span> {
  if (limited === null) return spans;
  if (limited.type === 'any') {
    // A message whose original was limited is applied instead of being a duplicate.
    const all = { least: 0, most: spans.applied.most + spans.duplicate.most };
    return { ...spans, applied: all, duplicate: all, rate_limited: all };
  }
  if (limited.subject !== subject) return spans;
  const { least, most } = spans.applied;
  return {
    ...spans,
    applied: { least: least + limited.count - limited.most, most: most + limited.count - limited.least },
    rate_limited: { least: limited.least, most: limited.most },
  };
}

/** Number of messages of a subject that have an outcome which no limit decides, and that were limited. */
function compareSum(
  differences: NamedDifference[],
  counters: Counters,
  subject: string,
  span: Span,
  againAllowed: number,
): void {
  const sum = (['applied', 'duplicate', 'rate_limited'] as const)
    .map((outcome) => outcomeTotal(counters, outcome, subject))
    .reduce((subtotal, count) => subtotal + count, 0);
  const what = `${subject} applied, duplicate and rate_limited`;
  check(differences, what, { least: span.least, most: span.most + againAllowed }, sum);
}

/** Every counter that lies outside what the demands allow. */
export function compareLoadAccount(
  counters: Counters,
  demands: Demands,
  resent: ReadonlyMap<string, number>,
): readonly NamedDifference[] {
  const differences: NamedDifference[] = [];
  const { limited, expected, refused } = demands;
  for (const type of Object.keys(SUBJECT_OF) as MessageType[]) {
    const subject = SUBJECT_OF[type];
    const spans = limitedSpans(spansOf(type, demands, resent), subject, demands);
    for (const [outcome, span] of Object.entries(spans)) {
      check(differences, `${subject} ${outcome}`, span, outcomeTotal(counters, outcome, subject));
    }
    const { applied, duplicate } = expected.messages[type];
    const newcomers = limited?.type === 'newcomers' && limited.subject === subject ? limited.count : 0;
    const sum = applied + duplicate + newcomers;
    if (limited !== null)
      compareSum(differences, counters, subject, { least: sum, most: sum }, resent.get(subject) ?? 0);
    for (const outcome of UNWANTED) {
      check(
        differences,
        `${subject} ${outcome}`,
        { least: 0, most: 0 },
        outcomeTotal(counters, outcome, subject),
      );
    }
  }
  if (limited?.type === 'any')
    check(differences, 'rate_limited altogether', limited, outcomeTotal(counters, 'rate_limited'));
  const reasons = new Set([
    ...refused.keys(),
    ...Object.keys(counters.rejected).filter((key) => counters.rejected[key] !== 0),
  ]);
  for (const key of reasons) {
    const least = refused.get(key) ?? 0;
    const span = { least, most: least + (resent.get(key) ?? 0) };
    check(differences, `${key} (reason of refusal)`, span, counters.rejected[key] ?? 0);
  }
  check(differences, 'lost', { least: 0, most: 0 }, counters.lost);
  return differences;
}
