// Decides whether the counts of a cluster's partitions may be published as the statistics of one moment, and when. Pure: it
// asks nobody and publishes nothing. The rules: numbers never go back, and a late number is better than a wrong one.

import type { SourcePosition } from './cluster.ts';
import type { PartialStatistics } from './partial.ts';
import type { NetworkStatistics } from './statistics.ts';

/** Why a tick was skipped; the values of the label `reason` of `aggregator_ticks_skipped_total`. */
export const SKIP_REASONS = [
  /** No replica of some partition answered. */
  'not_all_partitions',
  /** Every replica of some partition has yet to apply messages that the brokers stored more than 10 s before the tick. */
  'behind',
  /** Every replica of some partition has applied less than what was published before. */
  'floor',
  /** The brokers did not answer. */
  'brokers',
  /** Another process publishes. */
  'refused',
  /** A total would be lower than the one published before: a defect. */
  'fell',
  /** This machine's clock is behind the one of the tick published before. */
  'clock',
] as const;
/** One of {@link SKIP_REASONS}. */
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why a tick is not published, with a sentence for the operator. */
export interface Skip {
  readonly reason: SkipReason;
  readonly sentence: string;
}

/** A replica must have applied what the brokers stored this long before the tick; ms. */
export const BEHIND_MAX_MS = 10_000;

/** The counts of one replica. */
export interface Answered {
  readonly replica: string;
  readonly partial: PartialStatistics;
}

/** What an answer of a partition must have reached. */
export interface Wanted {
  readonly partition: number;
  /** The moment of the tick, ms since the epoch. */
  readonly atMs: number;
  /** The progress of the partition in what was published before. */
  readonly floor: number;
  /** Input streams that were removed from the cluster: no message of them will be read any more. */
  readonly gone: ReadonlySet<string>;
}

/** The answer to publish: of those that may be, the one with the greatest progress. */
export function chooseAnswer(answers: readonly Answered[], wanted: Wanted): Answered | Skip {
  const { partition, floor } = wanted;
  if (answers.length === 0)
    return { reason: 'not_all_partitions', sentence: `no replica of partition ${partition} answers` };
  const [best, ...others] = answers.toSorted((a, b) => b.partial.progress - a.partial.progress);
  if (best === undefined || best.partial.progress < floor) {
    const progress = best?.partial.progress ?? 0;
    const sentence = `partition ${partition} has applied ${progress} entries, and ${floor} were published before`;
    return { reason: 'floor', sentence };
  }
  for (const answer of [best, ...others]) {
    if (answer.partial.progress >= floor && lateSource(answer.partial, wanted) === null) return answer;
  }
  return { reason: 'behind', sentence: behind(best, wanted) };
}

function behind({ replica, partial }: Answered, wanted: Wanted): string {
  const late = lateSource(partial, wanted);
  const what = late === 'none' || late === null ? 'has read no input stream' : howLate(late, wanted.atMs);
  return `partition ${wanted.partition}, replica ${replica}, ${what}`;
}

function howLate({ stream, watermarkMs }: SourcePosition, atMs: number): string {
  return `is ${Math.round((atMs - watermarkMs) / 1000)} s behind the stream ${stream}`;
}

/**
 * The stream that keeps the counts from being published; `none` if they know no stream; null if nothing keeps them. A
 * stream whose server is away holds nothing up, nor does one that is gone. Of several incarnations of a stream the newest
 * counts.
 */
function lateSource({ sources }: PartialStatistics, { atMs, gone }: Wanted): SourcePosition | 'none' | null {
  const newest = new Map<string, SourcePosition>();
  for (const source of sources) {
    if (source.watermarkMs >= (newest.get(source.stream)?.watermarkMs ?? -Infinity))
      newest.set(source.stream, source);
  }
  if (newest.size === 0) return 'none';
  const late = [...newest.values()].filter(
    ({ stream, isAway, watermarkMs }) => !isAway && !gone.has(stream) && watermarkMs < atMs - BEHIND_MAX_MS,
  );
  return late.toSorted((a, b) => a.watermarkMs - b.watermarkMs)[0] ?? null;
}

/** Totals that no message and no deletion makes smaller. */
const TOTALS = ['totalNodes', 'totalTasks', 'totalInvoices'] as const;

/** Null unless a total of the network falls below the one published before, which would be a defect of the program. */
export function fallenTotal(before: NetworkStatistics | null, now: NetworkStatistics): Skip | null {
  const fallen = before === null ? undefined : TOTALS.find((name) => now[name] < before[name]);
  if (before === null || fallen === undefined) return null;
  const sentence = `${fallen} would fall from ${before[fallen]} to ${now[fallen]}, which is a defect of the program; please report it`;
  return { reason: 'fell', sentence };
}

/** The moment of the tick that is due at `nowMs`: the last multiple of the interval. All in ms. */
export function dueTick(nowMs: number, intervalMs: number): number {
  return Math.floor(nowMs / intervalMs) * intervalMs;
}
