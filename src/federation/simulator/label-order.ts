// Decides which of two labels is stored (docs/federation.md#merging-reports), written independently for the oracle: the
// least by vocabulary or bytes with absent last, or, for what a node reports about itself, the newest, and the greatest
// of equally new ones.

import type { Label } from './statement.ts';

/**
 * True if `left` comes before `right`: by rank in the vocabulary, or, without one, by bytes. Labels are ASCII, so `<`
 * on strings is byte order.
 */
function precedes(left: string, right: string, vocabulary: readonly string[] | null): boolean {
  return vocabulary === null ? left < right : vocabulary.indexOf(left) < vocabulary.indexOf(right);
}

/** The lesser of two labels; null (absent) is greater than any. */
export function leastLabel(left: Label, right: Label, vocabulary: readonly string[] | null): Label {
  if (left === null || right === null) return left ?? right;
  return precedes(right, left, vocabulary) ? right : left;
}

/** A label and the time of the heartbeat that carried it. */
export interface DatedLabel {
  readonly value: string;
  readonly tMs: number;
}

/** The newer label, or the greater of two equally new ones. A heartbeat without the label changes nothing. */
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
