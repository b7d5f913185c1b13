// The report of a run: its numbers as a small table, every difference, and the verdict.

import { quantileOf } from '../../lib/histogram-quantile.ts';
import type { AccountDifference } from './account-check.ts';
import type { Counters } from './counters.ts';
import { decidedTotal, outcomeTotal, receivedTotal } from './counters.ts';
import type { Aftermath } from './run-steps.ts';

/** Everything that a finished run found out. */
export interface RunResult extends Omit<Aftermath, 'othersGone' | 'othersChanged' | 'lastCounters'> {
  readonly sent: number;
  readonly elapsedMs: number;
  readonly accountDifferences: readonly AccountDifference[];
}

/** Outcomes that the report lists only if they occurred. */
const RARE = ['rate_limited', 'shed', 'quarantined', 'replayed'];

/** Maximum number of differences listed. */
const DIFFERENCES_MAX = 200;

/** A whole number with commas. */
export function format(count: number): string {
  return count.toLocaleString('en-US');
}

/** A quantile of the time from the broker's receipt to the commit, for people. */
export function formatSeconds(counters: Counters, quantile: number): string {
  const seconds = quantileOf(counters.publishToCommit, quantile);
  if (seconds === null) return 'not observed';
  if (seconds !== Infinity) return `${Math.round(seconds * 1000)} ms`;
  const bounds = counters.publishToCommit.bounds.filter(Number.isFinite);
  return `above ${bounds[bounds.length - 1] ?? 0} s`;
}

/** Names and values in two columns. */
export function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([, value]) => value.length));
  return rows.map(([name, value]) => `  ${name.padEnd(24)}${value.padStart(width)}`);
}

function counterRows(result: RunResult): readonly (readonly [string, string])[] {
  const { counters, sent } = result;
  if (counters === null) return [];
  const outcome = (name: string) => outcomeTotal(counters, name);
  const rare = RARE.filter((name) => outcome(name) !== 0).map(
    (name) => [name.replace('_', '-'), format(outcome(name))] as const,
  );
  return [
    ['received', format(receivedTotal(counters))],
    ['applied', format(outcome('applied'))],
    ['duplicate', format(outcome('duplicate'))],
    ['rejected', format(outcome('rejected'))],
    ...rare,
    ['lost', format(lostOf(counters, sent))],
    ['publish to commit p50', formatSeconds(counters, 0.5)],
    ['publish to commit p99', formatSeconds(counters, 0.99)],
  ];
}

/** Messages that have no outcome and that the aggregator did not count as lost are lost as well. */
export function lostOf(counters: Counters, sent: number): number {
  return counters.lost + Math.max(0, sent - decidedTotal(counters) - counters.lost);
}

function rejectionNotes(counters: Counters | null): readonly string[] {
  return Object.entries(counters?.rejected ?? {})
    .filter(([, count]) => count !== 0)
    .map(([key, count]) => `rejected: ${key} ${format(count)}`);
}

/** The exit code: 0 if everything comparable is equal and every message has an outcome. */
export function exitCodeOf(result: RunResult): 0 | 1 {
  const isEqual = result.comparison.differences.length === 0 && result.shown?.length === 0;
  // Messages of others change the counters. That is accepted if they changed nothing else.
  const isAccounted = result.accountDifferences.length === 0 || result.fromOthers > 0;
  const isKnown = result.counters === null || result.isComplete;
  return isEqual && isAccounted && isKnown ? 0 : 1;
}

function verdict(result: RunResult): string {
  const differences = result.comparison.differences.length + (result.shown?.length ?? 0);
  const compared = format(result.comparison.compared);
  if (differences > 0) return `statistics: ${format(differences)} of ${compared} fields differ`;
  return `statistics: all ${compared} fields equal`;
}

/** The report for people, line by line. */
export function reportLines(result: RunResult): readonly string[] {
  const perSecond = Math.round(result.sent / Math.max(0.001, result.elapsedMs / 1000));
  const rows = [['sent', format(result.sent)] as const, ...counterRows(result)];
  const lines = [
    '',
    ...table(rows),
    `  in ${(result.elapsedMs / 1000).toFixed(1)} s, ${format(perSecond)} a second`,
  ];
  for (const { counter, expected, counted } of result.accountDifferences) {
    lines.push(`messages: ${counter}: expected ${format(expected)}, counted ${format(counted)}`);
  }
  lines.push(...rejectionNotes(result.counters), ...result.notes, ...result.comparison.notes);
  if (result.counters === null)
    lines.push('The aggregator restarted during the run: its counters are not compared.');
  else if (!result.isComplete) lines.push('Not every message has an outcome: is it on the same broker?');
  if (result.fromOthers > 0) lines.push(`others published ${format(result.fromOthers)} messages meanwhile`);
  if (result.shown === null) lines.push('The HTTP API never showed a tick that was published.');
  const differences = [...result.comparison.differences, ...(result.shown ?? [])];
  for (const { period, member, expected, published } of differences.slice(0, DIFFERENCES_MAX)) {
    lines.push(`${period}.${member}: expected ${expected}, published ${published}`);
  }
  if (differences.length > DIFFERENCES_MAX) lines.push(`… and ${differences.length - DIFFERENCES_MAX} more`);
  return [...lines, verdict(result)];
}

/** The report for programs: one JSON object. */
export function reportJson(result: RunResult): string {
  const { counters, sent, elapsedMs, fromOthers, comparison } = result;
  const messages =
    counters === null
      ? null
      : {
          received: receivedTotal(counters),
          ...Object.fromEntries(
            ['applied', 'duplicate', 'rejected', ...RARE].map((name) => [name, outcomeTotal(counters, name)]),
          ),
          lost: lostOf(counters, sent),
          isEveryOneAccounted: result.isComplete,
          publishToCommitSeconds: {
            p50: quantileOf(counters.publishToCommit, 0.5),
            p99: quantileOf(counters.publishToCommit, 0.99),
          },
        };
  return JSON.stringify({
    isEqual: exitCodeOf(result) === 0,
    sent,
    seconds: elapsedMs / 1000,
    messages,
    fromOthers,
    compared: comparison.compared,
    differences: [...comparison.differences, ...(result.shown ?? [])],
    shown: result.shown !== null,
    messageDifferences: result.accountDifferences,
    notes: [...result.notes, ...comparison.notes],
  });
}
