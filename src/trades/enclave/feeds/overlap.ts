// Which fills of a market are read a second time: those of the last minutes, because a fill that shows late can have an id
// below theirs. Pure.

import type { KnownMarket, Overlap } from './feed-state.ts';

/** Fills that show later than this after others are not looked for, in ms. */
const LATE_MS = 300_000;
/** Fills of one market that are read again at most; of more, the oldest are not. */
const SEEN_MAX = 1_000;

/** The id from which the market is asked next; null if none is known. */
export function firstIdAfter(known: KnownMarket | null): string | null {
  return known?.overlap?.fromId ?? known?.nextId ?? null;
}

/** Ids of fills that are read again and came before. */
export function seenIds(known: KnownMarket | null): ReadonlySet<string> {
  return new Set(known?.overlap?.seen.map(([id]) => id));
}

/**
 * The overlap after a read up to `toMs`. `rows`: the fills of the read from before the id `nextId`; `firstId`: where it
 * began.
 */
export function overlapAfter(
  known: KnownMarket | null,
  rows: readonly { readonly id: bigint; readonly atMs: number }[],
  { firstId, nextId, toMs }: { readonly firstId: bigint; readonly nextId: bigint; readonly toMs: number },
): Overlap | null {
  const times = new Map<bigint, number>();
  for (const [id, atMs] of known?.overlap?.seen ?? []) times.set(BigInt(id), atMs);
  for (const { id, atMs } of rows) if (id < nextId) times.set(id, atMs);
  const seen = [...times].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const firstRecent = seen.findIndex(([, atMs]) => atMs >= toMs - LATE_MS);
  if (firstRecent === -1) return null;
  const kept = seen.slice(Math.max(firstRecent, seen.length - SEEN_MAX));
  const settled = seen[seen.length - kept.length - 1];
  const fromId = settled === undefined ? firstId : settled[0] + 1n;
  return { fromId: String(fromId), seen: kept.map(([id, atMs]) => [String(id), atMs]) };
}
