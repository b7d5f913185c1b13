// The filter table: which blocks an account, or in wallet mode all accounts together, submitted for last. It holds a
// slot for each and decides whether a raw quality is better than the best. What is in a slot is the owner's.

import type { SubmissionMode } from './information.ts';
import { accountKey } from './submission.ts';

/** Distinct block hashes that are remembered for one line of the table; the first seen goes first. */
export const REMEMBERED_HASHES_MAX = 3;

/** Lower is better: true if `rawQuality` is strictly better than the best so far; null stands for none. */
export function isBetter(rawQuality: bigint, best: bigint | null): boolean {
  return best === null || rawQuality < best;
}

/**
 * The last {@link REMEMBERED_HASHES_MAX} distinct block hashes of each account, or of all accounts in wallet mode, each
 * with a slot. It has as many lines as its owner has accounts with something in a slot: the owner bounds them.
 */
export class FilterTable<Slot> {
  readonly #mode: SubmissionMode;
  readonly #lines = new Map<string, Map<string, Slot>>();

  constructor(mode: SubmissionMode) {
    this.#mode = mode;
  }

  /** Number of accounts with a slot; in wallet mode 0 or 1. */
  get lines(): number {
    return this.#lines.size;
  }

  /** The slot of this account and block; undefined if the block is not remembered. */
  find(accountId: string, blockHash: string): Slot | undefined {
    return this.#lines.get(this.#keyOf(accountId))?.get(blockHash);
  }

  /** The slot of this account and block, made if there is none, and the slot that made room for it or null. */
  open(
    accountId: string,
    blockHash: string,
    make: () => Slot,
  ): { readonly slot: Slot; readonly evicted: Slot | null } {
    const key = this.#keyOf(accountId);
    const line = this.#lines.get(key) ?? new Map<string, Slot>();
    this.#lines.set(key, line);
    const known = line.get(blockHash);
    if (known !== undefined) return { slot: known, evicted: null };
    const slot = make();
    line.set(blockHash, slot);
    return { slot, evicted: line.size > REMEMBERED_HASHES_MAX ? removeFirst(line) : null };
  }

  /** Forgets the slot of this account and block, and an account without any. */
  drop(accountId: string, blockHash: string): void {
    const key = this.#keyOf(accountId);
    const line = this.#lines.get(key);
    line?.delete(blockHash);
    if (line?.size === 0) this.#lines.delete(key);
  }

  /** All slots of this block. */
  *ofBlock(blockHash: string): Generator<Slot> {
    for (const line of this.#lines.values()) {
      const slot = line.get(blockHash);
      if (slot !== undefined) yield slot;
    }
  }

  #keyOf(accountId: string): string {
    return this.#mode === 'pool' ? accountKey({ accountId }) : '';
  }
}

function removeFirst<Slot>(line: Map<string, Slot>): Slot | null {
  for (const [hash, slot] of line) {
    line.delete(hash);
    return slot;
  }
  return null;
}
