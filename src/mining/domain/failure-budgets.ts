// How many false proofs an address may send before its submissions are checked after all others. Time is an argument.

/** False proofs that an address may have in {@link FAILURE_WINDOW_MS}; with more it is over its budget. */
export const FALSE_PROOFS_MAX = 10;
/** The time for which a false proof counts. */
export const FAILURE_WINDOW_MS = 60_000;
/** Addresses whose false proofs are remembered; the one whose last false proof is the oldest makes room. */
export const BUDGETED_ADDRESSES_MAX = 10_000;

/** The false proofs of all addresses in the last minute. */
export class FailureBudgets {
  /** The times of as many false proofs as decide, the oldest first; addresses in the order of their last one. */
  readonly #failures = new Map<string, readonly number[]>();

  /** A proof of this address does not hold. `nowMs` must not go backwards. */
  failed(address: string, nowMs: number): void {
    const times = [...(this.#failures.get(address) ?? []), nowMs].slice(-FALSE_PROOFS_MAX - 1);
    this.#failures.delete(address);
    this.#failures.set(address, times);
    for (const [other, [...past]] of this.#failures) {
      const isOver = (past.at(-1) ?? 0) + FAILURE_WINDOW_MS <= nowMs;
      if (!isOver && this.#failures.size <= BUDGETED_ADDRESSES_MAX) return;
      this.#failures.delete(other);
    }
  }

  /** True if this address is over its budget. */
  isOver(address: string, nowMs: number): boolean {
    const [first = 0, ...others] = this.#failures.get(address) ?? [];
    return others.length === FALSE_PROOFS_MAX && first + FAILURE_WINDOW_MS > nowMs;
  }

  /** Number of addresses that are over their budget. */
  overAt(nowMs: number): number {
    return [...this.#failures.keys()].filter((address) => this.isOver(address, nowMs)).length;
  }

  /** Number of addresses that are remembered. */
  get size(): number {
    return this.#failures.size;
  }
}
