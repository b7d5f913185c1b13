// The merge of labels that reporters disagree on: the least reported, absent last.

/** The lesser of two texts by byte order (labels and ids are ASCII); null is greater than any. */
export function leastText(a: string | null, b: string | null): string | null {
  if (a === null) return b;
  if (b === null) return a;
  return b < a ? b : a;
}
