// The statistics of a tick as the stream of published statistics holds them: one message a period, one after another, each
// with a header that says to which tick it belongs. Reading them strictly, and putting the messages of a tick together
// again. Pure: it publishes nothing and asks no broker.

import { isObject } from '../../lib/is-object.ts';
import type { NetworkStatistics, TickStatistics } from './statistics.ts';
import { PERIODS, type Period } from './vocabulary.ts';

/** The header of every message of a tick: {@link TickHeader} as JSON. Monitors ignore it. */
export const TICK_HEADER = 'Truebit-Tick';

/** What the header of a tick says; the same in all its messages. */
export interface TickHeader {
  /** The moment of the tick, ms since the epoch by the publisher's clock: a multiple of PUBLISH_INTERVAL. */
  readonly t: number;
  /** By partition, in decimal digits: how many entries the counts behind these statistics contain. */
  readonly progress: Readonly<Record<string, number>>;
  /** When the places in the statistics were counted, ms since the epoch; they are counted at most once an hour. */
  readonly placesAtMs: number;
  /** The replica that published the tick, with a random id of its process. */
  readonly publisher: string;
}

/** The periods in the order of the messages of a tick: first what deployed monitors read. */
export const TICK_ORDER = ['all', '1h', '24h', '7d'] as const satisfies readonly Period[];

/** The last tokens of the subject of each period's message. */
export const STATS_NAMES: Readonly<Record<Period, string>> = {
  all: 'aggregated',
  '1h': 'period.1h',
  '24h': 'period.24h',
  '7d': 'period.7d',
};

/** One message of the stream, read. */
export interface TickRecord {
  readonly seq: number;
  readonly header: TickHeader;
  readonly period: Period;
  readonly aggregatorId: string;
  readonly data: NetworkStatistics;
}

/** A tick of which all messages are in the stream. */
export interface WholeTick {
  readonly header: TickHeader;
  readonly aggregatorId: string;
  readonly tick: TickStatistics;
}

/** What the next publisher must know of what readers have heard, whole or not. */
export interface Published {
  /** The latest moment of a tick of which readers heard a message; null if none. */
  readonly t: number | null;
  /** True if readers heard all messages of that tick, and nothing after it. */
  readonly isWhole: boolean;
  /** By partition the greatest progress of which readers heard. */
  readonly progress: Readonly<Record<string, number>>;
  /** The newest statistics of the period `all`; null if there are none. */
  readonly all: NetworkStatistics | null;
  /** When the places in `all` were counted; null without them. */
  readonly placesAtMs: number | null;
}

/**
 * How a publication ended. `refused`: another process published since this one read the stream. `unknown`: the brokers
 * did not answer, so the last message may be stored or not.
 */
export type Publication =
  | { readonly type: 'published' }
  | { readonly type: 'refused' }
  | { readonly type: 'unknown'; readonly problem: string };

/** What is known where nothing was published. */
export const NOTHING_PUBLISHED: Published = {
  t: null,
  isWhole: false,
  progress: {},
  all: null,
  placesAtMs: null,
};

/** Reads a message of the stream; null if it is not a message of a tick. */
export function readTickRecord(message: {
  readonly seq: number;
  readonly payload: string;
  header(name: string): string;
}): TickRecord | null {
  const header = readTickHeader(message.header(TICK_HEADER));
  const body = parsed(message.payload);
  if (header === null || !isObject(body)) return null;
  const { period, aggregatorId, data } = body;
  const known = PERIODS.find((name) => name === period);
  if (known === undefined || typeof aggregatorId !== 'string' || !isNetworkStatistics(data)) return null;
  return { seq: message.seq, header, period: known, aggregatorId, data };
}

/** Reads the header of a tick; null if the text is no such header. */
export function readTickHeader(text: string): TickHeader | null {
  const value = parsed(text);
  if (!isObject(value)) return null;
  const { t, progress, placesAtMs, publisher } = value;
  if (!isTime(t) || !isTime(placesAtMs) || typeof publisher !== 'string' || !isCounts(progress)) return null;
  return { t, progress, placesAtMs, publisher };
}

/** What readers have heard, by the last message of each subject. `lastSeq` is the last sequence of the stream. */
export function publishedBy(records: readonly TickRecord[], lastSeq: number): Published {
  const all = records.find(({ period }) => period === 'all');
  const inOrder = records.toSorted((a, b) => a.seq - b.seq);
  const assembly = new TickAssembly();
  const whole = inOrder.map((record) => assembly.add(record)).at(-1) ?? null;
  return {
    t: records.length === 0 ? null : Math.max(...records.map(({ header }) => header.t)),
    isWhole: whole !== null && inOrder.at(-1)?.seq === lastSeq,
    progress: records.map(({ header }) => header.progress).reduce(greatest, {}),
    all: all?.data ?? null,
    placesAtMs: all?.header.placesAtMs ?? null,
  };
}

/** The knowledge of two sources together: the greatest progress, the latest tick. */
export function knownTogether(published: Published, remembered: Published): Published {
  const isRemembered = (remembered.t ?? -Infinity) > (published.t ?? -Infinity);
  const newer = isRemembered ? remembered : published;
  return {
    ...newer,
    // What is remembered is not in the stream, so the stream's next message begins a new tick in any case.
    isWhole: !isRemembered && published.isWhole,
    progress: greatest(published.progress, remembered.progress),
  };
}

/** A whole tick as the knowledge that it leaves. */
export function rememberTick({ header, tick }: WholeTick): Published {
  const { t, progress, placesAtMs } = header;
  return { t, isWhole: true, progress, all: tick.periods.all, placesAtMs };
}

function greatest(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const together: Record<string, number> = { ...a };
  for (const [partition, count] of Object.entries(b))
    together[partition] = Math.max(count, together[partition] ?? 0);
  return together;
}

/**
 * Puts ticks together from the messages of the stream in their order. The messages of a tick have sequences one after
 * another, because the broker took each only after the one before it; messages of a publisher that died or was shut out
 * in mid-tick are dropped.
 */
export class TickAssembly {
  #parts: TickRecord[] = [];

  /** Adds the next message; returns the tick that it completes, else null. */
  add(record: TickRecord): WholeTick | null {
    const last = this.#parts.at(-1);
    const isExpected = record.period === TICK_ORDER[this.#parts.length];
    // A publisher that does not know whether a message was stored publishes the whole tick again.
    if (last !== undefined && !(isExpected && isNext(last, record))) this.#parts = [];
    if (record.period !== TICK_ORDER[this.#parts.length]) return null;
    this.#parts.push(record);
    if (this.#parts.length < TICK_ORDER.length) return null;
    const [all, hour, day, week] = this.#parts;
    this.#parts = [];
    if (all === undefined || hour === undefined || day === undefined || week === undefined) return null;
    const periods = { '1h': hour.data, '24h': day.data, '7d': week.data, all: all.data };
    return { header: all.header, aggregatorId: all.aggregatorId, tick: { nowMs: all.header.t, periods } };
  }

  /** A message is missing or unreadable: what came before it is dropped. */
  drop(): void {
    this.#parts = [];
  }
}

function isNext(last: TickRecord, record: TickRecord): boolean {
  const { header, seq } = record;
  return seq === last.seq + 1 && header.t === last.header.t && header.publisher === last.header.publisher;
}

/** The members of statistics that are numbers, and those that are distributions. */
const NUMBERS = [
  ...(['activeNodes', 'totalNodes', 'totalTasks', 'completedTasks', 'failedTasks', 'cachedTasks'] as const),
  ...(['tasksLast24h', 'successRate', 'cacheHitRate', 'totalInvoices', 'invoicesLast24h'] as const),
  ...(['onlineNodes', 'staleNodes', 'offlineNodes'] as const),
] satisfies readonly (keyof NetworkStatistics)[];
const DISTRIBUTIONS = [
  ...(['executionTimeDistribution', 'gasUsageDistribution', 'stepsComputedDistribution'] as const),
  ...(['memoryUsedDistribution', 'chainDistribution', 'taskTypeDistribution'] as const),
  ...(['continentDistribution', 'locationDistribution'] as const),
] satisfies readonly (keyof NetworkStatistics)[];

function isNetworkStatistics(value: unknown): value is NetworkStatistics {
  return (
    isObject(value) &&
    NUMBERS.every((name) => isAmount(value[name])) &&
    DISTRIBUTIONS.every((name) => isCounts(value[name]))
  );
}

function isCounts(value: unknown): value is Readonly<Record<string, number>> {
  return isObject(value) && Object.values(value).every(isAmount);
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
