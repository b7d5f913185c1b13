// How the book of an account works, and its bounds.

import type { ReturnBasis } from '../../domain/summary.ts';
import type { WindowOptions } from '../../domain/window.ts';

const HOUR_MS = 3_600_000;
/** How long a folded fill is remembered, and an hour can be corrected. */
export const CORRECTABLE_MS = 48 * HOUR_MS;
/** Fills that wait to be folded. Those of a read come into the window at once, so it is more than a read may bring. */
export const WINDOW_FILLS_MAX = 60_000;
/** Folded fills that are remembered; with more, the oldest are forgotten earlier than after {@link CORRECTABLE_MS}. */
const REMEMBERED_FILLS_MAX = 100_000;
/** Open lots; with more, the oldest of the position that has most are forgotten when an hour is closed. */
export const OPEN_LOTS_MAX = 100_000;

/** How a book works. */
export interface AccountBookOptions {
  /** How long after its end an hour is closed, in ms. */
  readonly graceMs: number;
  /** False: no corrections are sent. */
  readonly withMetadata: boolean;
  readonly returnBasis: ReturnBasis;
  /** Secret of the hashes by which fills are remembered. */
  readonly hashKey: Uint8Array;
}

/** The bounds of the window. */
export function windowOptions({ hashKey }: AccountBookOptions): WindowOptions {
  return {
    hashKey,
    rememberMs: CORRECTABLE_MS,
    heldMax: WINDOW_FILLS_MAX,
    rememberedMax: REMEMBERED_FILLS_MAX,
  };
}
