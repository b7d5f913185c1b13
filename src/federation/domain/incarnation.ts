// Decides whether a stream is still the one that was read before. A stream that was deleted and made again, or restored
// from an earlier state, gives its sequences to other messages: it is another incarnation. Pure.

import type { StreamFacts } from './stream-facts.ts';

/** How far an incarnation was read. */
export interface KnownIncarnation {
  /** The creation time of the stream; `#1`, `#2`, … is appended each time that it went back. */
  readonly incarnation: string;
  /** The last sequence read. */
  readonly seq: number;
  /** The broker's time of the message at `seq`, ms since the epoch; null if that is not known. */
  readonly atMs: number | null;
}

/** The incarnation that the stream is now. */
export interface JudgedIncarnation {
  readonly incarnation: string;
  /** The first sequence of a new incarnation; null if it is the one that was read before. */
  readonly firstSeq: number | null;
}

/**
 * Judges a stream. `storedAtMs` is the broker's time of the message that the stream holds at `known.seq`; null if it
 * holds none there. The incarnation that was read before can have another name now: nats-server 2.9 gives a stream
 * another creation time at its next start if its settings were changed.
 */
export function judgeIncarnation(
  stream: StreamFacts,
  known: KnownIncarnation | null,
  storedAtMs: number | null,
): JudgedIncarnation {
  const { created, firstSeq, lastSeq } = stream;
  const [createdBefore, number] = known?.incarnation.split('#') ?? [];
  const isSameName = createdBefore === created;
  const isSameMessage = storedAtMs !== null && storedAtMs === known?.atMs;
  if (known === null || (!isSameName && !isSameMessage))
    return { incarnation: created, firstSeq: Math.max(1, firstSeq) };
  const wentBack = lastSeq < known.seq;
  const isAnother = storedAtMs !== null && known.atMs !== null && !isSameMessage;
  if (!wentBack && !isAnother)
    return { incarnation: isSameName ? known.incarnation : created, firstSeq: null };
  const next = (isSameName ? Number(number ?? 0) : 0) + 1;
  return { incarnation: `${created}#${next}`, firstSeq: wentBack ? lastSeq + 1 : known.seq + 1 };
}
