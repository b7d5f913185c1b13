// Compares what the aggregator holds and publishes with what the plan says, and looks for what must not have left a node.

import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ExpectedNetwork } from '../../../src/agent/simulator/expected-network.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';

const TASKS = `SELECT task_id_hash AS id, status, success, execution_time_bucket, gas_used_bucket, cached, chain_id,
  task_type, reporting_nodes FROM aggregated_tasks`;
const INVOICES = `SELECT invoice_id_hash AS id, task_id_hash, chain_id, steps_computed_bucket, memory_used_bucket,
  operation, reporting_nodes FROM aggregated_invoices`;
/** Differences of one kind that are shown. */
const SHOWN_MAX = 10;

/** What became of all messages, over every start of the aggregator. */
export interface Outcomes {
  readonly applied: number;
  readonly duplicate: number;
}

/** Sentences about everything that differs. */
export function differencesOf(
  databasePath: string,
  statistics: Readonly<Record<string, unknown>>,
  expected: ExpectedNetwork,
): readonly string[] {
  const { tasks, invoices } = expected;
  const published = Object.entries(expected.statistics).flatMap(([name, value]) =>
    isDeepStrictEqual(statistics[name], value)
      ? []
      : [`${name} is ${JSON.stringify(statistics[name])} and not ${JSON.stringify(value)}`],
  );
  return [
    ...rowDifferences('task', rowsOf(databasePath, TASKS), tasks),
    ...rowDifferences('invoice', rowsOf(databasePath, INVOICES), invoices),
    ...published,
    ...refusals(databasePath),
  ];
}

function rowDifferences(
  what: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  expected: ReadonlyMap<string, object>,
): readonly string[] {
  const found = new Map(rows.map(({ id, ...row }) => [String(id), row]));
  const missing = [...expected.keys()].filter((id) => !found.has(id));
  const foreign = [...found.keys()].filter((id) => !expected.has(id));
  const differing = [...expected].filter(
    ([id, row]) => found.has(id) && !isDeepStrictEqual(found.get(id), { ...row }),
  );
  return [
    ...(missing.length === 0 ? [] : [`${missing.length} ${what}s are missing`]),
    ...(foreign.length === 0 ? [] : [`${foreign.length} ${what}s are in no plan`]),
    ...differing
      .slice(0, SHOWN_MAX)
      .map(([id, row]) => `${what} ${id}: ${JSON.stringify(found.get(id))} and not ${JSON.stringify(row)}`),
    ...(differing.length > SHOWN_MAX ? [`… and ${differing.length - SHOWN_MAX} more ${what}s`] : []),
  ];
}

const REFUSED = ['rejected', 'rate_limited', 'quarantined', 'ignored', 'lost'] as const;

function refusals(databasePath: string): readonly string[] {
  return REFUSED.flatMap((outcome) => {
    const count = Number(valueOf(databasePath, `SELECT coalesce(sum(${outcome}), 0) FROM ingest_position`));
    return count === 0 ? [] : [`${count} messages are ${outcome}`];
  });
}

/** Messages that were counted, and those that were there already. */
export function outcomesOf(databasePath: string): Outcomes {
  const sum = (name: string) =>
    Number(valueOf(databasePath, `SELECT coalesce(sum(${name}), 0) FROM ingest_position`));
  return { applied: sum('applied'), duplicate: sum('duplicate') };
}

/** Secrets that stand in files of these folders or in these texts, by the place where they were found. */
export function leaks(
  secrets: readonly string[],
  folders: readonly string[],
  texts: readonly string[],
): readonly string[] {
  const needles = secrets.map((secret) => secret.toLowerCase());
  const places = [
    ...folders
      .flatMap((folder) => filesIn(folder))
      .map((path) => [path, readFileSync(path, 'latin1')] as const),
    ...texts.map((text, at) => [`the log of agent ${at}`, text] as const),
  ];
  return places.flatMap(([place, text]) => {
    const lower = text.toLowerCase();
    const found = needles.filter((needle) => lower.includes(needle));
    return found.length === 0 ? [] : [`${found.length} secrets stand in ${place}`];
  });
}

function filesIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return globSync(join(path, '**', '*')).filter((each) => statSync(each).isFile());
}
