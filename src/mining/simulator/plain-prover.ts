// Computes proofs with the plain arithmetic, and keeps the nonces that it made: a nonce costs some 60 ms.

import { PlainPlot } from './plain-proof.ts';
import type { Prover } from './verdict.ts';

/**
 * A prover that computes in this thread. It keeps the plots that were read last, `plots` of them, each with at most
 * `nonces` nonces of 256 KiB.
 */
export function createPlainProver(plots = 32, nonces = 16): Prover {
  const kept = new Map<string, PlainPlot>();
  return (claim) => {
    const key = `${claim.accountId}/${claim.seed}`.toLowerCase();
    const plot = kept.get(key) ?? new PlainPlot(claim.accountId, claim.seed, nonces);
    kept.delete(key);
    kept.set(key, plot);
    const [oldest] = kept.keys();
    if (kept.size > plots && oldest !== undefined) kept.delete(oldest);
    return plot.rawQualityOf(claim);
  };
}
