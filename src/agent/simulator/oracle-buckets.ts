// The oracle's own buckets (docs/agent.md#messages), written from that page and never imported from the agent or the
// federation, so that a mistake there is not repeated here.

/** Labels of execution times, in the order of the publication. */
export const TIME_LABELS = ['<100ms', '100-500ms', '500ms-1s', '1-5s', '5-10s', '10-30s', '30s-1m', '>1m'];
/** Labels of gas and of steps, in the order of the publication. */
export const AMOUNT_LABELS = ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'];
/** Labels of memory, in the order of the publication. */
export const MEMORY_LABELS = ['<64MB', '64-256MB', '256MB-1GB', '>1GB'];

const TIME_EDGES_MS = [100, 500, 1_000, 5_000, 10_000, 30_000, 60_000];
const AMOUNT_EDGES = [1e5, 1e6, 1e7, 1e8];
const MEMORY_EDGES = [64, 256, 1_024].map((mebibytes) => mebibytes * 1_048_576);
const PAGE_BYTES = 65_536;

/** A label, or null if it is left out. */
export type Label = string | null;

/** The lower edge belongs to the bucket, the upper edge to the next; absent and up to 0: left out. */
function bucket(value: number | null, edges: readonly number[], labels: readonly string[]): Label {
  if (value === null || !Number.isFinite(value) || value <= 0) return null;
  const passed = edges.filter((edge) => value >= edge).length;
  return labels[passed] ?? null;
}

/** The bucket of an execution time in nanoseconds. */
export function timeLabel(elapsedNs: number | null): Label {
  return bucket(elapsedNs === null ? null : elapsedNs / 1e6, TIME_EDGES_MS, TIME_LABELS);
}

/** The bucket of an amount of gas or steps. */
export function amountLabel(amount: number | null): Label {
  return bucket(amount, AMOUNT_EDGES, AMOUNT_LABELS);
}

/** The bucket of `peak_memory_used`: below 65,536 it counts pages of 65,536 bytes. */
export function memoryLabel(peak: number | null): Label {
  return bucket(peak !== null && peak < PAGE_BYTES ? peak * PAGE_BYTES : peak, MEMORY_EDGES, MEMORY_LABELS);
}

/** The bucket of a number of executions that are under way. */
export function activeLabel(count: number): string {
  if (count <= 1) return String(count);
  if (count <= 3) return '2-3';
  return count <= 5 ? '4-5' : '>5';
}

/** The bucket of the number of all executions. */
export function totalLabel(count: number): string {
  if (count === 0) return '0';
  const found = (
    [
      [10, '1-10'],
      [50, '10-50'],
      [100, '50-100'],
      [500, '100-500'],
      [1_000, '500-1K'],
    ] as const
  ).find(([edge]) => count < edge);
  return found?.[1] ?? '>1K';
}
