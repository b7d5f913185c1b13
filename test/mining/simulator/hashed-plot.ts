// A plot whose qualities are no proofs: they follow from a hash, at no cost. For tests of rules that look at no proof.

import { hexOf, type SimBlock } from '../../../src/mining/simulator/block.ts';
import { type Plot, type PlotPlace, submissionOf } from '../../../src/mining/simulator/sim-plot.ts';
import type { SimSubmission } from '../../../src/mining/simulator/sim-submission.ts';

export class HashedPlot implements Plot {
  readonly #place: PlotPlace;

  constructor(place: PlotPlace) {
    this.#place = place;
  }

  make(): void {}

  scan(block: SimBlock): readonly SimSubmission[] {
    return Array.from({ length: this.#place.nonces }, (_none, index) =>
      submissionOf(this.#place, block, index, ({ accountId, nonce, generationSignature }) =>
        BigInt(`0x${hexOf(accountId, nonce, generationSignature).slice(0, 16)}`),
      ),
    );
  }
}
