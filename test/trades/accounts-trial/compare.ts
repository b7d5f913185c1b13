// Compares what the backend received with what the oracle expects: every fill of every account counted once, in its hour.

import { join } from 'node:path';
import { NOTHING, Rational } from '../domain/rational.ts';
import { rowsOf } from '../../support/rows.ts';
import { expectedHours, type ExpectedHour, hourOf, returnOf } from './oracle.ts';
import type { Plan, PlannedAccount } from './plan.ts';

/** A bucket rounds to 8 digits; an hour that was cut has several. */
const AMOUNT_ERROR = Rational.of('0.00000005');
const PERCENT_ERROR = Rational.of('0.000001');

interface Bucket {
  readonly t: string;
  readonly return_pct: number;
  readonly trades: number;
  readonly volume_base: number;
  readonly volume_quote: number;
  readonly fees_usd: number;
}

interface Summary {
  readonly client_id: string;
  readonly exchange: string;
  readonly period_start: string;
  readonly period_end: string;
  readonly hourly_buckets: readonly Bucket[];
  readonly metadata: {
    readonly seq: number;
    readonly prev?: string;
    readonly revises?: string;
    readonly provenance: string;
    readonly unpolled_markets?: number;
    readonly gap?: unknown;
  };
}

type Received = Summary & { readonly digest: string };

const BODIES =
  'SELECT s.digest, b.body FROM summaries s JOIN bodies b ON b.summary = s.number ORDER BY s.number';

/** Sentences about everything that differs. `accountIds`: the client id of each account of the plan, by its name. */
export function differencesOf(
  folder: string,
  plan: Plan,
  accountIds: ReadonlyMap<string, string>,
): { readonly differences: readonly string[]; readonly summaries: number; readonly fills: number } {
  const received = rowsOf(join(folder, 'ingest.db'), BODIES).map(
    ({ digest, body }): Received => ({ ...(JSON.parse(String(body)) as Summary), digest: String(digest) }),
  );
  const differences: string[] = [];
  for (const account of plan.accounts) {
    const id = accountIds.get(account.name) ?? '';
    const own = received.filter(({ client_id: client }) => client === id);
    for (const sentence of [...chainFaults(own), ...figureFaults(plan, account, own)])
      differences.push(`${account.name} at ${account.exchange}: ${sentence}`);
  }
  const fills = plan.accounts.reduce((sum, account) => sum + account.fills.length, 0);
  return { differences, summaries: received.length, fills };
}

/** Periods tile, `seq` has no gap, and each summary names the one before. */
function chainFaults(own: readonly Received[]): readonly string[] {
  const faults: string[] = [];
  let [endsAt, before]: [string | null, string | null] = [null, null];
  for (const [index, { metadata, digest, period_start, period_end }] of own.entries()) {
    if (metadata.provenance !== 'polled') faults.push(`seq ${metadata.seq} is ${metadata.provenance}`);
    if (metadata.seq !== index + 1) faults.push(`summary ${index + 1} has seq ${metadata.seq}`);
    if ((metadata.prev ?? null) !== before) faults.push(`seq ${metadata.seq} does not follow the one before`);
    if (metadata.gap !== undefined) faults.push(`seq ${metadata.seq} names a gap`);
    if (metadata.revises === undefined) {
      if (endsAt !== null && period_start !== endsAt) faults.push(`seq ${metadata.seq} does not tile`);
      endsAt = period_end;
    }
    before = digest;
  }
  return own.length === 0 ? ['no summary'] : faults;
}

function figureFaults(plan: Plan, account: PlannedAccount, own: readonly Received[]): readonly string[] {
  const revised = new Set(own.map(({ metadata }) => metadata.revises));
  const buckets = Map.groupBy(
    own.filter(({ digest }) => !revised.has(digest)).flatMap((summary) => summary.hourly_buckets),
    ({ t }) => hourOf(Date.parse(t)),
  );
  const expected = expectedHours(plan, account);
  const hours = new Set([...buckets.keys(), ...expected.keys()]);
  return [...hours]
    .toSorted((one, other) => one - other)
    .flatMap((hourMs) => {
      const fault = hourFault(buckets.get(hourMs) ?? [], expected.get(hourMs) ?? null);
      return fault === null ? [] : [`${new Date(hourMs).toISOString()}: ${fault}`];
    });
}

function hourFault(buckets: readonly Bucket[], expected: ExpectedHour | null): string | null {
  const trades = buckets.reduce((sum, bucket) => sum + bucket.trades, 0);
  if (expected === null) return trades === 0 ? null : `${trades} trades where none were made`;
  if (trades !== expected.trades) return `${trades} trades and not ${expected.trades}`;
  const amounts = [
    ['volume_base', expected.base],
    ['volume_quote', expected.volume],
    ['fees_usd', expected.fees],
  ] as const;
  for (const [name, exact] of amounts) {
    const sum = buckets.reduce((whole, bucket) => whole.plus(Rational.of(String(bucket[name]))), NOTHING);
    if (sum.minus(exact).abs().isAbove(AMOUNT_ERROR)) return `${name} differs`;
  }
  // Of an hour in two periods each bucket has the return of its part.
  const [only, second] = buckets;
  if (only === undefined || second !== undefined) return null;
  const isReturn = !Rational.of(String(only.return_pct))
    .minus(returnOf(expected))
    .abs()
    .isAbove(PERCENT_ERROR);
  return isReturn ? null : 'return_pct differs';
}
