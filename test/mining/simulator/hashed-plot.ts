// A plot whose qualities are no proofs: they follow from a hash, at no cost. For tests of rules that look at no proof.

import { hexOf, type SimBlock } from '../../../src/mining/simulator/block.ts';
import type { Plot, PlotPlace } from '../../../src/mining/simulator/sim-plot.ts';
import type { SimSubmission } from '../../../src/mining/simulator/sim-submission.ts';

export class HashedPlot implements Plot {
  readonly #place: PlotPlace;

  constructor(place: PlotPlace) {
    this.#place = place;
  }

  make(): void {}

  scan(block: SimBlock): readonly SimSubmission[] {
    const { accountId, seed, firstNonce, nonces } = this.#place;
    const { blockHash, height, generationSignature, baseTarget } = block;
    return Array.from({ length: nonces }, (_none, index) => {
      const nonce = firstNonce + BigInt(index);
      const rawQuality = BigInt(`0x${hexOf(accountId, nonce, generationSignature).slice(0, 16)}`);
      return {
        blockHash,
        height,
        generationSignature,
        baseTarget,
        accountId,
        seed,
        nonce,
        compression: 1,
        rawQuality,
      };
    });
  }
}
