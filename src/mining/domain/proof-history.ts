// Remembers whose last proof held and whose did not, by address, account and seed. Behind an address that is over its
// budget it tells honest miners from a liar: the liar knows their accounts, and not their seeds.

import type { ProofClaim } from './proof-check.ts';

/** Plots whose last proof is remembered; the one that was proved first is forgotten, and counts as unknown again. */
export const REMEMBERED_PLOTS_MAX = 16_384;

/** The plot of a claim: its account and its seed. */
export type Plot = Pick<ProofClaim, 'accountId' | 'seed'>;

/** 0: the last proof of this plot held. 1: nothing is known. 2: it did not hold. */
export type PlotRank = 0 | 1 | 2;

/** The last proof of each plot at each address. */
export class ProofHistory {
  readonly #held = new Map<string, boolean>();

  /** A proof of this plot, sent from this address, was computed. */
  note(address: string, plot: Plot, held: boolean): void {
    const key = keyOf(address, plot);
    this.#held.delete(key);
    this.#held.set(key, held);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= REMEMBERED_PLOTS_MAX) return;
      this.#held.delete(oldest);
    }
  }

  rankOf(address: string, plot: Plot): PlotRank {
    const held = this.#held.get(keyOf(address, plot));
    if (held === undefined) return 1;
    return held ? 0 : 2;
  }
}

function keyOf(address: string, { accountId, seed }: Plot): string {
  return `${address} ${accountId.toLowerCase()} ${seed.toLowerCase()}`;
}
