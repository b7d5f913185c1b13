// The one row of `network_stats_cache`: the network's statistics, as they were last accepted. Its columns are a public
// interface. It decides nothing: whether a message is newer and genuine is known before it comes here.

import { isObject } from '../../lib/is-object.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import {
  COUNT_NAMES,
  DISTRIBUTION_NAMES,
  type Distribution,
  NODE_COUNT_NAMES,
  type StatisticsRow,
} from '../domain/network-statistics.ts';

type Row = Readonly<Record<string, unknown>>;

/** Columns by the names of the wire, which are the same words in another spelling, but for these. */
const SPELLED: Readonly<Record<string, string>> = {
  tasksLast24h: 'tasks_last_24h',
  invoicesLast24h: 'invoices_last_24h',
};

const COUNTED = [...COUNT_NAMES, ...NODE_COUNT_NAMES, ...DISTRIBUTION_NAMES] as const;
const COLUMNS = [
  ...COUNTED.map(columnOf),
  'success_rate',
  'cache_hit_rate',
  'last_updated',
  'published_at',
  'aggregator_id',
  'signature',
];

/** The kept statistics. */
export class StatisticsRows {
  readonly #save: Statement;
  readonly #read: Statement<[], Row>;

  constructor(database: Database) {
    this.#save = statement(
      database,
      `INSERT OR REPLACE INTO network_stats_cache (id, ${COLUMNS.join(', ')})
         VALUES (1, ${COLUMNS.map(() => '?').join(', ')})`,
    );
    this.#read = statement(database, 'SELECT * FROM network_stats_cache WHERE id = 1');
  }

  /** Replaces the row. */
  keep(row: StatisticsRow): void {
    this.#save.run(
      ...COUNT_NAMES.map((name) => row.counts[name]),
      ...NODE_COUNT_NAMES.map((name) => row.nodeCounts[name]),
      ...DISTRIBUTION_NAMES.map((name) => JSON.stringify(row.distributions[name])),
      row.successRate,
      row.cacheHitRate,
      new Date(row.receivedMs).toISOString(),
      new Date(row.publishedMs).toISOString(),
      row.aggregatorId,
      row.signature,
    );
  }

  /** The row; null if there is none, or if another program changed it into one that cannot be read. */
  read(): StatisticsRow | null {
    const row = this.#read.get();
    if (row === undefined) return null;
    const receivedMs = Date.parse(String(row['last_updated']));
    const publishedMs = Date.parse(String(row['published_at']));
    if (Number.isNaN(receivedMs) || Number.isNaN(publishedMs)) return null;
    return {
      counts: byName(COUNT_NAMES, (name) => Number(row[columnOf(name)] ?? 0)),
      nodeCounts: byName(NODE_COUNT_NAMES, (name) => numberOrNull(row[columnOf(name)])),
      distributions: byName(DISTRIBUTION_NAMES, (name) => distributionOf(row[columnOf(name)])),
      successRate: Number(row['success_rate'] ?? 0),
      cacheHitRate: Number(row['cache_hit_rate'] ?? 0),
      receivedMs,
      publishedMs,
      aggregatorId: typeof row['aggregator_id'] === 'string' ? row['aggregator_id'] : '',
      signature: row['signature'] === 'valid' ? 'valid' : 'none',
    };
  }
}

/** The column of a member of the wire. */
function columnOf(name: string): string {
  return SPELLED[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function byName<Name extends string, Value>(
  names: readonly Name[],
  valueOf: (name: Name) => Value,
): Readonly<Record<Name, Value>> {
  // The names are exactly the members.
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, Value>;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function distributionOf(text: unknown): Distribution {
  if (typeof text !== 'string') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    );
  } catch {
    return {};
  }
}
