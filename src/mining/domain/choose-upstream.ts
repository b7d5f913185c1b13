// The rule which upstream serves the miners. It decides on plain data; time is an argument.

import type { UpstreamState } from './upstream-state.ts';

/** How an upstream is chosen: the first in order that works, or the one with the greatest height. */
export type UpstreamOrder = 'order' | 'newest';

/** An upstream that may be chosen. */
export interface UpstreamCandidate {
  readonly name: string;
  readonly state: UpstreamState;
  /** When it came into its state, on a clock that never goes back. */
  readonly sinceMs: number;
  /** Null before its first information. */
  readonly height: bigint | null;
}

/** An earlier upstream is returned to when it has been ready for so long, in ms. */
export const HEALTHY_AFTER_MS = 60_000;

/**
 * The name of the upstream that serves the miners from now on. `candidates` are in the order of the settings, at least
 * one; `active` is the present one. One that is still probing keeps its place. If none gives information, nothing
 * changes.
 */
export function chooseUpstream(
  candidates: readonly UpstreamCandidate[],
  active: string,
  order: UpstreamOrder,
  nowMs: number,
): string {
  const present = candidates.find(({ name }) => name === active);
  if (present?.state === 'probing') return active;
  const usable = candidates.filter(({ state }) => state === 'ready' || state === 'degraded');
  const isPresentUsable = present !== undefined && usable.includes(present);
  if (order === 'newest') {
    const newest = usable.reduce<UpstreamCandidate | undefined>(
      (best, candidate) => (best === undefined || isAbove(candidate, best) ? candidate : best),
      isPresentUsable ? present : undefined,
    );
    return newest?.name ?? present?.name ?? candidates[0]?.name ?? active;
  }
  if (!isPresentUsable) return usable[0]?.name ?? present?.name ?? candidates[0]?.name ?? active;
  const earlier = candidates.slice(0, candidates.indexOf(present));
  const healthy = earlier.find(
    ({ state, sinceMs }) => state === 'ready' && nowMs - sinceMs >= HEALTHY_AFTER_MS,
  );
  return healthy?.name ?? active;
}

function isAbove({ height }: UpstreamCandidate, best: UpstreamCandidate): boolean {
  return height !== null && (best.height === null || height > best.height);
}
