// A small real plot: some nonces of one account, and the true submissions that a scan of them finds.

import { hexOf, type SimBlock } from './block.ts';
import { PlainPlot } from './plain-proof.ts';
import type { SimSubmission } from './sim-submission.ts';

/** Level of simulated plots: the least that a network takes. A proof then needs two nonces. */
export const SIM_COMPRESSION = 1;

/** Nonces in a warp. */
const WARP = 4096n;

/** The account, seed and place of a plot. */
export interface PlotPlace {
  /** 40 hex digits. */
  readonly accountId: string;
  /** 64 hex digits. */
  readonly seed: string;
  /** Number of the first nonce. */
  readonly firstNonce: bigint;
  /** Number of nonces, all in the warp of the first. */
  readonly nonces: number;
}

/** A plot's place that follows from a name; its nonces are above 2^53, as in large plots. */
export function namedPlace(name: string, nonces: number): PlotPlace {
  const warp = 2n ** 50n + (BigInt(`0x${hexOf('warp', name).slice(0, 8)}`) & 0xffffn);
  return {
    accountId: hexOf('account', name).slice(0, 40),
    seed: hexOf('seed', name),
    firstNonce: warp * WARP,
    nonces,
  };
}

/** The submission of the nonce with this index for a block; `rawQualityOf` computes its raw quality. */
export function submissionOf(
  place: PlotPlace,
  block: SimBlock,
  index: number,
  rawQualityOf: (claim: Omit<SimSubmission, 'rawQuality'>) => bigint,
): SimSubmission {
  const { accountId, seed, firstNonce } = place;
  const { blockHash, height, generationSignature, baseTarget } = block;
  const nonce = firstNonce + BigInt(index);
  const named = { blockHash, height, generationSignature, baseTarget, accountId, seed, nonce };
  const claim = { ...named, compression: SIM_COMPRESSION };
  return { ...claim, rawQuality: rawQualityOf(claim) };
}

/** What a miner needs of a plot. */
export interface Plot {
  /** Makes the nonce with this index, so that a scan need not. */
  make(index: number): void;
  /** The true submissions of all nonces for a block, in the order of the plot. */
  scan(block: SimBlock): readonly SimSubmission[];
}

/** A plot in plain arithmetic. Each of its nonces costs some 60 ms once, and each block 60 ms more. */
export class SimPlot implements Plot {
  readonly place: PlotPlace;
  readonly #plain: PlainPlot;

  constructor(place: PlotPlace) {
    this.place = place;
    this.#plain = new PlainPlot(place.accountId, place.seed, place.nonces + 2);
  }

  make(index: number): void {
    const nonce = this.place.firstNonce + BigInt(index);
    // The half of a proof that a later scan reads too is level 0 of the doubled warp.
    const inWarp = nonce % WARP;
    const raw = ((nonce / WARP) << BigInt(SIM_COMPRESSION)) * WARP + inWarp;
    this.#plain.rawQualityOf({
      nonce: raw,
      compression: 0,
      height: 0n,
      generationSignature: '00'.repeat(32),
    });
  }

  /** The true submission of the nonce with this index. */
  submissionOf(block: SimBlock, index: number): SimSubmission {
    return submissionOf(this.place, block, index, (claim) => this.#plain.rawQualityOf(claim));
  }

  /** The true submissions of all nonces, in the order of the plot. */
  scan(block: SimBlock): readonly SimSubmission[] {
    return Array.from({ length: this.place.nonces }, (_none, index) => this.submissionOf(block, index));
  }
}
