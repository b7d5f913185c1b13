// The set of nodes that reported a task or an invoice, and which kinds of report each made: sorted numbers, node
// number × 4 + kinds, stored as four bytes each. Sorted, so that any order of arrival gives the same bytes.

/** Kinds of report, bits. An invoice has one kind. */
export const RECEIVED = 1;
export const COMPLETED = 2;
const KINDS = 4;

/** Node numbers must stay below this for the entry to fit in 32 bits: over a billion nodes ever seen. */
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

export function reportersToBlob(reporters: readonly number[]): Buffer {
  const blob = Buffer.allocUnsafe(reporters.length * 4);
  for (let i = 0; i < reporters.length; i++) blob.writeUInt32BE(reporters[i] ?? 0, i * 4);
  return blob;
}

export function reportersFromBlob(blob: Buffer): number[] {
  const reporters: number[] = [];
  for (let offset = 0; offset + 4 <= blob.length; offset += 4) reporters.push(blob.readUInt32BE(offset));
  return reporters;
}
