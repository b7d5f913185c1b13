// The differences between two accounts of the same stream, in readable lines.

import type { Tick } from '../../../src/federation/simulator/publication.ts';
import { PERIODS } from '../../../src/federation/simulator/vocabulary.ts';
import type { Stored } from './stored.ts';

/** Further differences are counted, but not shown. */
const SHOWN_MAX = 5;
/** States depend on waiting times; they are compared only if no node can have been silent for too long. */
const OF_STATES = new Set([
  'activeNodes',
  'onlineNodes',
  'staleNodes',
  'offlineNodes',
  'continentDistribution',
  'locationDistribution',
]);

export function storedDifferences(found: Stored, expected: Stored, withStates: boolean): string[] {
  const differences = (['positions', 'tasks', 'invoices'] as const).flatMap((table) =>
    mapDifferences(table, found[table], expected[table]),
  );
  const nodes = [...expected.nodes].map(([nodeId, { status, ...row }]) => {
    return [nodeId, withStates ? { ...row, status } : row] as const;
  });
  differences.push(...mapDifferences('nodes', found.nodes, new Map(nodes)));
  if (found.integrity !== 'ok') differences.push(`integrity_check: ${found.integrity}`);
  return differences;
}

/** Missing, surplus and different rows; only the columns of `expected` are compared. */
export function mapDifferences(
  what: string,
  found: ReadonlyMap<string, object>,
  expected: ReadonlyMap<string, object>,
): string[] {
  const lines: string[] = [];
  for (const [key, row] of expected) {
    const other = found.get(key);
    if (other === undefined) lines.push(`${what} ${key}: missing`);
    else lines.push(...memberDifferences(`${what} ${key}`, { ...other }, { ...row }));
  }
  for (const key of found.keys()) if (!expected.has(key)) lines.push(`${what} ${key}: should not be there`);
  return cut(what, lines);
}

function cut(what: string, lines: readonly string[]): string[] {
  if (lines.length <= SHOWN_MAX) return [...lines];
  return [...lines.slice(0, SHOWN_MAX), `${what}: ${lines.length - SHOWN_MAX} more differences`];
}

export function tickDifferences(found: Tick, expected: Tick, withStates: boolean): string[] {
  const lines = PERIODS.flatMap((period) => {
    const members = Object.entries(expected.periods[period]).filter(
      ([member]) => withStates || !OF_STATES.has(member),
    );
    return memberDifferences(`statistics ${period}`, found.periods[period], Object.fromEntries(members));
  });
  return cut('statistics', lines);
}

/** Members of `expected` that differ in `found`. */
export function memberDifferences(
  what: string,
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries(expected)
    .filter(([member, value]) => canonical(found[member]) !== canonical(value))
    .map(([member, value]) => `${what}: ${member} is ${canonical(found[member])}, not ${canonical(value)}`);
}

/** Distributions are equal in any order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'absent';
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(Object.fromEntries(entries));
}
