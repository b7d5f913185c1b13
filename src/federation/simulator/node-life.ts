// Plans when one simulated monitor joins, beats, leaves, returns and has work to report. It decides only times, not
// contents. A leave and a sign of life of the same node are never closer than MIN_GAP_MS, so that their order survives
// a late sender and a broker that stamps whole milliseconds.

import type { Random } from '../../lib/random.ts';
import type { PlanOptions } from './plan-options.ts';

/** The least time between two presence messages of one node, in milliseconds. Repeats follow within half of it. */
export const MIN_GAP_MS = 1000;

/** The kind of a presence message; `last-heartbeat` has the status `offline`. */
export type PresenceKind = 'join' | 'heartbeat' | 'leave' | 'last-heartbeat';

/** When a node sends which presence message, in ms after the start of the run. */
export interface PresenceMoment {
  readonly atMs: number;
  readonly kind: PresenceKind;
}

/** All messages of one node: presence, and the times at which it reports work. */
export interface NodeLife {
  readonly presence: readonly PresenceMoment[];
  readonly workAtMs: readonly number[];
}

interface Stay {
  readonly fromMs: number;
  readonly toMs: number;
  /** The first message of the stay. The aggregator may miss the join of the very first stay. */
  readonly opensWith: 'join' | 'heartbeat';
  /** True if the stay ends with a leave; false if it lasts to the end of the run. */
  readonly leaves: boolean;
}

function planStays(options: PlanOptions, random: Random): readonly Stay[] {
  const endMs = options.durationMs;
  const fromMs = Math.floor(random.next() * Math.min(3000, endMs / 10));
  const opensWith = random.chance(0.97) ? 'join' : 'heartbeat';
  const leaveMs = Math.floor(endMs * (0.4 + 0.3 * random.next()));
  const returnMs = leaveMs + Math.max(MIN_GAP_MS * 1.5, Math.floor(endMs / 10));
  const fate = random.next();
  const returnsWith = random.chance(0.7) ? 'join' : 'heartbeat';
  if (options.stays === true || endMs < 10 * MIN_GAP_MS || fate >= 0.2)
    return [{ fromMs, toMs: endMs, opensWith, leaves: false }];
  if (fate < 0.04) return [{ fromMs, toMs: endMs - MIN_GAP_MS, opensWith, leaves: true }];
  const first = { fromMs, toMs: leaveMs, opensWith, leaves: true } as const;
  if (fate < 0.1) return [first];
  return [first, { fromMs: returnMs, toMs: endMs, opensWith: returnsWith, leaves: false }];
}

/**
 * Spreads the messages that the rate allows over one stay, evenly with jitter; presence messages take their share
 * first.
 */
function planStay(stay: Stay, options: PlanOptions, random: Random): NodeLife {
  const lengthMs = stay.toMs - stay.fromMs;
  const budget = Math.max(2, Math.round((options.ratePerMinute * lengthMs) / 60_000));
  const presence: PresenceMoment[] = [{ atMs: stay.fromMs, kind: stay.opensWith }];
  // A node that stays sends a message shortly before the end, so that silence cannot make it stale before the
  // statistics are read.
  const lastMs = stay.leaves
    ? stay.toMs
    : stay.toMs - Math.floor(random.next() * Math.min(10_000, lengthMs / 10));
  const beats = Math.floor(budget / 3);
  const intervalMs = Math.max(
    MIN_GAP_MS,
    Math.min(30_000, lengthMs / 3),
    beats > 0 ? lengthMs / beats : Infinity,
  );
  let beatMs = stay.fromMs + MIN_GAP_MS + Math.floor(random.next() * intervalMs);
  for (; beatMs <= lastMs - MIN_GAP_MS; beatMs += Math.ceil(intervalMs)) {
    presence.push({ atMs: beatMs, kind: 'heartbeat' });
  }
  const farewell = random.chance(0.6) ? 'leave' : 'last-heartbeat';
  if (lastMs - stay.fromMs >= MIN_GAP_MS || stay.leaves) {
    presence.push({ atMs: lastMs, kind: stay.leaves ? farewell : 'heartbeat' });
  }
  const work = Math.max(0, budget - presence.length);
  const workAtMs = Array.from({ length: work }, (_, index) =>
    Math.floor(stay.fromMs + ((index + random.next()) * lengthMs) / work),
  );
  return { presence, workAtMs };
}

/** Plans the life of one monitor. */
export function planLife(options: PlanOptions, random: Random): NodeLife {
  const stays = planStays(options, random);
  const lives = stays.map((stay) => planStay(stay, options, random));
  const workAtMs = lives.flatMap((life) => life.workAtMs);
  const last = stays[stays.length - 1];
  // A report that was still in transit when its node left must not bring the node back to life.
  if (last?.leaves === true && workAtMs.length > 0 && random.chance(0.5)) {
    workAtMs[workAtMs.length - 1] = last.toMs + MIN_GAP_MS / 2;
  }
  return { presence: lives.flatMap((life) => life.presence), workAtMs };
}
