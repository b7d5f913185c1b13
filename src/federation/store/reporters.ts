// The set of nodes that reported a task or an invoice, with the kinds of report that each made. It is a list of
// numbers, node number × 4 + kinds, stored as four bytes each. The list is sorted, so that any order of arrival gives
// the same bytes. Also the merge of text values on which reporters disagree.

/** Bit of a report that a task was received, or of a report of an invoice. */
export const RECEIVED = 1;
/** Bit of a report that a task was completed. */
export const COMPLETED = 2;
const KINDS = 4;

/** Greatest node number: up to it an entry fits in 32 bits. Over a billion nodes can be numbered. */
export const NODE_NUMBER_MAX = 2 ** 30 - 1;

/** Adds a report; true if this node had not made this kind of report before. */
export function addReport(reporters: number[], node: number, kind: number): boolean {
  let low = 0;
  let high = reporters.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((reporters[middle] ?? 0) < node * KINDS) low = middle + 1;
    else high = middle;
  }
  const entry = reporters[low];
  if (entry === undefined || entry >= (node + 1) * KINDS) {
    reporters.splice(low, 0, node * KINDS + kind);
    return true;
  }
  if (((entry % KINDS) & kind) !== 0) return false;
  reporters[low] = entry + kind;
  return true;
}

/** Encodes a sorted set of reporters as a blob, four bytes each. */
export function reportersToBlob(reporters: readonly number[]): Buffer {
  const blob = Buffer.allocUnsafe(reporters.length * 4);
  for (let i = 0; i < reporters.length; i++) blob.writeUInt32BE(reporters[i] ?? 0, i * 4);
  return blob;
}

/** Decodes a blob made by {@link reportersToBlob}. */
export function reportersFromBlob(blob: Buffer): number[] {
  const reporters: number[] = [];
  for (let offset = 0; offset + 4 <= blob.length; offset += 4) reporters.push(blob.readUInt32BE(offset));
  return reporters;
}

/** The lesser of two texts by byte order (labels and ids are ASCII); null is greater than any. */
export function leastText(a: string | null, b: string | null): string | null {
  if (a === null) return b;
  if (b === null) return a;
  return b < a ? b : a;
}
