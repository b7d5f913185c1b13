// Which of two labels is kept (section 3), in the oracle's own words: the least by vocabulary or bytes with absent last,
// or, for what a node says about itself, the greatest of the newest.

import type { Label } from './statement.ts';

/** Vocabulary rank, or −1 where only bytes decide. Labels are ASCII, so `<` on strings is byte order. */
function precedes(left: string, right: string, vocabulary: readonly string[] | null): boolean {
  return vocabulary === null ? left < right : vocabulary.indexOf(left) < vocabulary.indexOf(right);
}

/** The least of two labels; null (absent) loses to any. */
export function leastLabel(left: Label, right: Label, vocabulary: readonly string[] | null): Label {
  if (left === null || right === null) return left ?? right;
  return precedes(right, left, vocabulary) ? right : left;
}

/** A label and the time of the heartbeat that carried it. */
export interface DatedLabel {
  readonly value: string;
  readonly tMs: number;
}

/** The newest label, the greater one of two that are equally new; a heartbeat without it changes nothing. */
export function newestLabel(
  kept: DatedLabel | null,
  value: Label,
  tMs: number,
  vocabulary: readonly string[] | null,
): DatedLabel | null {
  if (value === null) return kept;
  if (kept === null || tMs > kept.tMs) return { value, tMs };
  if (tMs < kept.tMs) return kept;
  return precedes(kept.value, value, vocabulary) ? { value, tMs } : kept;
}
