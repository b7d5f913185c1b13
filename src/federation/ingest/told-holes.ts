// Which holes of a log the ingest thread has told the source thread of: each at once, and again after a while if it is
// still there. It asks for nothing itself.

import type { Source } from '../domain/cluster.ts';

/** A hole of a source that is still there is told again after this time, in ms. */
export const HOLE_REPEAT_MS = 1_000;

/** The hole of one stream that was told last. */
interface ToldHole {
  readonly incarnation: string;
  readonly upto: number;
  readonly atMs: number;
}

/** The holes that were told: at most one for each input stream. */
export class ToldHoles {
  readonly #told = new Map<string, ToldHole>();

  /** True if this hole is to be told now, at `nowMs` on the monotonic clock; then it counts as told. */
  isNews({ source, upto }: { readonly source: Source; readonly upto: number }, nowMs: number): boolean {
    const { stream, incarnation } = source;
    const told = this.#told.get(stream);
    const isSame = told?.upto === upto && told.incarnation === incarnation;
    if (isSame && nowMs - told.atMs < HOLE_REPEAT_MS) return false;
    this.#told.set(stream, { incarnation, upto, atMs: nowMs });
    return true;
  }
}
