// Limits how many registrations of one address may fail: each of them costs a decryption, and most a request to an
// exchange. It knows no route.

import { advance, isWithin, pace } from '../../lib/pace.ts';

/** Failures that an address may have in a minute, and at once. */
export const FAILURES_PER_MINUTE_MAX = 30;
/** Addresses that are remembered; with more, the one whose latest failure is longest ago is forgotten. */
export const FAILED_ADDRESSES_MAX = 10_000;

const LIMIT = pace(FAILURES_PER_MINUTE_MAX, 60_000, FAILURES_PER_MINUTE_MAX);

/** The failures of all addresses. Times are of the monotonic clock. */
export class FailureLimit {
  readonly #addressesMax: number;
  /** The schedule of each address, the one with the latest failure last. */
  readonly #dueMs = new Map<string, number>();

  constructor(addressesMax = FAILED_ADDRESSES_MAX) {
    this.#addressesMax = addressesMax;
  }

  /** Addresses that are remembered. */
  get remembered(): number {
    return this.#dueMs.size;
  }

  /** True while the address has failed too often. */
  isBlocked(address: string | undefined, nowMs: number): boolean {
    const dueMs = this.#dueMs.get(networkOf(address));
    return dueMs !== undefined && !isWithin(LIMIT, dueMs, nowMs);
  }

  /** Counts a failure. */
  note(address: string | undefined, nowMs: number): void {
    const network = networkOf(address);
    const dueMs = advance(LIMIT, this.#dueMs.get(network) ?? 0, nowMs);
    this.#dueMs.delete(network);
    this.#dueMs.set(network, dueMs);
    const oldest = this.#dueMs.keys().next();
    if (this.#dueMs.size > this.#addressesMax && oldest.done !== true) this.#dueMs.delete(oldest.value);
  }
}

/** What counts as one address: an IPv4 address, or the 64 bits of a network of IPv6, which is one user's. */
export function networkOf(address = ''): string {
  // A server that listens at :: sees IPv4 addresses in this form.
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [left = '', right = ''] = address.split('%')[0]?.split('::') ?? [];
  const [before, after] = [left, right].map((part) => part.split(':').filter((group) => group !== ''));
  const gap = 8 - (before?.length ?? 0) - (after?.length ?? 0);
  const groups = [...(before ?? []), ...Array<string>(Math.max(0, gap)).fill('0'), ...(after ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
