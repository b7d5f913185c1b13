// The counts of one partition at one moment, from which statistics are made (merge.ts), and the strict reading of such
// counts that came from another process. Plain data: it crosses threads and processes. Rates, the largest labels and
// the folding of places come later, because they can be computed only from the sums of all partitions.

import { isObject } from '../../lib/is-object.ts';
import type { SourcePosition } from './cluster.ts';
import type { TickStatistics } from './statistics.ts';
import { EXECUTION_TIMES, GAS_AMOUNTS, MEMORY_SIZES, PERIODS, STEP_COUNTS } from './vocabulary.ts';
import type { Period } from './vocabulary.ts';

/** Labels with their counts, in any order. A list, because a label such as `__proto__` is no key of an object. */
export type LabelCounts = readonly (readonly [label: string, count: number])[];

/**
 * The counts of one period. A closed dimension has one number for each label of its vocabulary, and one more for
 * `unknown`. An open dimension has labels as text, `unknown` and `other` among them.
 */
export interface PeriodCounts {
  /** Tasks by their status. The three add up to all tasks. */
  readonly received: number;
  readonly completed: number;
  readonly failed: number;
  /** Completed or failed tasks whose result came from a cache. */
  readonly cached: number;
  readonly invoices: number;
  readonly executionTimes: readonly number[];
  readonly gasAmounts: readonly number[];
  readonly stepCounts: readonly number[];
  readonly memorySizes: readonly number[];
  readonly chains: LabelCounts;
  readonly taskTypes: LabelCounts;
}

/** Nodes by their state, deleted ones included as offline. */
export interface NodeCounts {
  readonly online: number;
  readonly stale: number;
  readonly offline: number;
}

/** How far a database was when its counts were read. */
export interface AppliedPosition {
  /** Entries that the partition has applied in its life; 0 without a cluster. */
  readonly progress: number;
  /** How far each source has been applied; empty without a cluster. */
  readonly sources: readonly SourcePosition[];
}

/** The counts of one partition, all read in one transaction. */
export interface PartialStatistics extends AppliedPosition {
  /** The moment to which the periods lead, ms since the epoch. */
  readonly nowMs: TickStatistics['nowMs'];
  readonly periods: Readonly<Record<Period, PeriodCounts>>;
  readonly nodes: NodeCounts;
}

/** The active nodes of one partition by continent and by half-degree cell: exact counts, which must not be published. */
export interface PlacesPartial {
  readonly continents: LabelCounts;
  readonly locations: LabelCounts;
}

/** Maximum number of labels in one list of another process: more than there are half-degree cells. */
export const PARTIAL_LABELS_MAX = 262_144;
/** Maximum length of one label of another process: longer than any label that the decoder of messages accepts. */
export const PARTIAL_LABEL_CHARACTERS_MAX = 128;
/** Maximum number of sources in the position of another process. */
export const PARTIAL_SOURCES_MAX = 4_096;

/** Reads counts that another process sent; null if they have any other form. */
export function readPartial(value: unknown): PartialStatistics | null {
  if (!isObject(value) || !isObject(value['periods'])) return null;
  const nodes = value['nodes'];
  const position = readAppliedPosition(value);
  const periods: Partial<Record<Period, PeriodCounts>> = {};
  for (const period of PERIODS) {
    const counts = readPeriod(value['periods'][period]);
    if (counts === null) return null;
    periods[period] = counts;
  }
  const { '1h': hour, '24h': day, '7d': week, all } = periods;
  if (hour === undefined || day === undefined || week === undefined || all === undefined) return null;
  if (!isCount(value['nowMs']) || position === null || !isObject(nodes)) return null;
  const { online, stale, offline } = nodes;
  if (!isCount(online) || !isCount(stale) || !isCount(offline)) return null;
  return {
    nowMs: value['nowMs'],
    ...position,
    nodes: { online, stale, offline },
    periods: { '1h': hour, '24h': day, '7d': week, all },
  };
}

/** Reads exact places that another process sent; null if they have any other form. */
export function readPlacesPartial(value: unknown): PlacesPartial | null {
  if (!isObject(value)) return null;
  const continents = readLabels(value['continents']);
  const locations = readLabels(value['locations']);
  return continents === null || locations === null ? null : { continents, locations };
}

function readPeriod(value: unknown): PeriodCounts | null {
  if (!isObject(value)) return null;
  const { received, completed, failed, cached, invoices } = value;
  if (!isCount(received) || !isCount(completed) || !isCount(failed)) return null;
  if (!isCount(cached) || !isCount(invoices)) return null;
  const executionTimes = readClosed(value['executionTimes'], EXECUTION_TIMES);
  const gasAmounts = readClosed(value['gasAmounts'], GAS_AMOUNTS);
  const stepCounts = readClosed(value['stepCounts'], STEP_COUNTS);
  const memorySizes = readClosed(value['memorySizes'], MEMORY_SIZES);
  const chains = readLabels(value['chains']);
  const taskTypes = readLabels(value['taskTypes']);
  if (executionTimes === null || gasAmounts === null || stepCounts === null || memorySizes === null)
    return null;
  if (chains === null || taskTypes === null) return null;
  const amounts = { executionTimes, gasAmounts, stepCounts, memorySizes };
  return { received, completed, failed, cached, invoices, ...amounts, chains, taskTypes };
}

/** Reads a position that another process sent; null if it is no valid position. */
function readAppliedPosition(value: Readonly<Record<string, unknown>>): AppliedPosition | null {
  const { progress, sources } = value;
  if (!isCount(progress) || !Array.isArray(sources) || sources.length > PARTIAL_SOURCES_MAX) return null;
  const read = (sources as unknown[]).map(readSource);
  const known = read.filter((source) => source !== null);
  return known.length === read.length ? { progress, sources: known } : null;
}

function readSource(value: unknown): SourcePosition | null {
  if (!isObject(value)) return null;
  const { stream, incarnation, first, upto, watermarkMs, isAway } = value;
  if (typeof stream !== 'string' || typeof incarnation !== 'string') return null;
  if (!isCount(upto) || typeof watermarkMs !== 'number' || typeof isAway !== 'boolean') return null;
  return { stream, incarnation, ...(isCount(first) ? { first } : {}), upto, watermarkMs, isAway };
}

function readClosed(value: unknown, labels: readonly string[]): readonly number[] | null {
  if (!Array.isArray(value) || value.length !== labels.length + 1) return null;
  const counts: readonly unknown[] = value;
  const read = counts.filter(isCount);
  return read.length === counts.length ? read : null;
}

function readLabels(value: unknown): LabelCounts | null {
  if (!Array.isArray(value) || value.length > PARTIAL_LABELS_MAX) return null;
  const read: [string, number][] = [];
  for (const entry of value as unknown[]) {
    if (!Array.isArray(entry) || entry.length !== 2) return null;
    const [label, count] = entry as unknown[];
    if (typeof label !== 'string' || label.length > PARTIAL_LABEL_CHARACTERS_MAX || !isCount(count))
      return null;
    read.push([label, count]);
  }
  return read;
}

/** A whole number that is not negative and is exact in a double. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
