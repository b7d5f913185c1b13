// Simulated miners and what each of them submits for a block: from the seed and the block alone, so that an oracle knows
// it too. It sends nothing.

import { createRandom, type Random } from '../../lib/random.ts';
import type { SimBlock } from './block.ts';
import { namedPlace, type Plot, type PlotPlace, SimPlot } from './sim-plot.ts';
import type { SimSubmission } from './sim-submission.ts';

/** What a miner does beside its work. */
export type MinerKind = 'honest' | 'liar' | 'repeater' | 'stale';

/** One miner. */
export interface PlannedMiner {
  readonly index: number;
  readonly kind: MinerKind;
  /** Index of the plot, and thereby of the account, of which it scans some nonces. */
  readonly plot: number;
  readonly nonces: readonly number[];
  /** Behind which shared address it stands; null: it has one of its own. */
  readonly nat: number | null;
  /** Its value of `X-Miner`; null: it sends none. */
  readonly name: string | null;
}

/** `true`: sent in its time; `lie`: no proof holds it up; `late`: true, and sent when the block has passed. */
export type WorkKind = 'true' | 'lie' | 'late';

/** One submission of a miner's scan. */
export interface PlannedWork {
  readonly kind: WorkKind;
  readonly submission: SimSubmission;
  /** When in the scan, from 0 to 1. A late one is sent some time after the block has passed. */
  readonly atShare: number;
  /** How often it is sent, at once. */
  readonly times: number;
}

/** What the miners follow from. Shares are from 0 to 1. */
export interface MinerPlanOptions {
  readonly seed: number;
  readonly miners: number;
  readonly liars: number;
  readonly repeaters: number;
  readonly stale: number;
  readonly nat: number;
  /** Number of accounts, each with one plot; default one for 20 miners, 3 to 24. */
  readonly accounts?: number;
  /** Nonces of each plot; default 8. */
  readonly nonces?: number;
  /** Makes a plot; default the plain arithmetic. */
  readonly createPlot?: (place: PlotPlace) => Plot;
  /** The `X-Miner` name of a miner; default: only those behind a NAT have one. */
  readonly nameOf?: (index: number) => string;
}

const NONCES = 8;
const REPEATS = 10;
const MINERS_PER_NAT = 10;
const SCANNED_NONCES = 3;
const LIE_SHARES = [0.05, 0.5, 0.9] as const;
/** Blocks whose scans are kept: an oracle asks for the same ones again. */
const KEPT_SCANS = 256;

/** The number of accounts of a plan. */
function accountsOf({ miners, accounts }: MinerPlanOptions): number {
  return Math.min(miners, accounts ?? Math.min(24, Math.max(3, Math.ceil(miners / 20))));
}

/** The miners, their plots and their work. */
export class MinerPlan {
  readonly options: MinerPlanOptions;
  readonly miners: readonly PlannedMiner[];
  readonly plots: readonly Plot[];
  readonly #scans = new Map<string, readonly SimSubmission[]>();

  constructor(options: MinerPlanOptions) {
    this.options = options;
    const { seed, nonces = NONCES, createPlot = (place) => new SimPlot(place) } = options;
    this.plots = Array.from({ length: accountsOf(options) }, (_none, index) =>
      createPlot(namedPlace(`plot ${index} of seed ${seed}`, nonces)),
    );
    const random = createRandom(seed, 'miners');
    this.miners = Array.from({ length: options.miners }, (_none, index) =>
      this.#miner(index, nonces, random),
    );
  }

  /**
   * What a miner submits for a block, in the order of its scan; the late one last. The first question about a plot and
   * a block costs 60 ms, and 60 ms more for each new nonce.
   */
  workOf(miner: PlannedMiner, block: SimBlock): readonly PlannedWork[] {
    const scanned = this.#improving(miner, block);
    const work = scanned.map(({ submission, atShare }, at): PlannedWork => {
      const isLate = miner.kind === 'stale' && at === scanned.length - 1;
      const times = miner.kind === 'repeater' ? REPEATS : 1;
      return { kind: isLate ? 'late' : 'true', submission, atShare, times };
    });
    if (miner.kind !== 'liar') return work;
    return [...work, ...this.#lies(miner, block)].toSorted((one, other) => one.atShare - other.atShare);
  }

  /**
   * Makes the nonces of all plots, one after the other, with turns for other work between them. `goesOn` is told how
   * many of them are made, from 0 to 1; false ends it.
   */
  async makePlots(goesOn: (share: number) => boolean): Promise<void> {
    const { nonces = NONCES } = this.options;
    const all = this.plots.length * nonces;
    for (let made = 0; made < all && goesOn(made / all); made += 1) {
      this.plots[Math.floor(made / nonces)]?.make(made % nonces);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** The true submission of each nonce of a plot for a block. */
  scanOf(plot: number, block: SimBlock): readonly SimSubmission[] {
    const key = `${plot}/${block.blockHash}/${block.baseTarget}`;
    const known = this.#scans.get(key);
    if (known !== undefined) return known;
    const scan = this.plots[plot]?.scan(block) ?? [];
    this.#scans.set(key, scan);
    const [oldest] = this.#scans.keys();
    if (this.#scans.size > KEPT_SCANS * this.plots.length && oldest !== undefined) this.#scans.delete(oldest);
    return scan;
  }

  #miner(index: number, nonces: number, random: Random): PlannedMiner {
    const { liars, repeaters, stale, nat, nameOf } = this.options;
    const drawn = random.next();
    const kinds = [
      ['liar', liars],
      ['repeater', liars + repeaters],
      ['stale', liars + repeaters + stale],
    ] as const;
    const [first, count] = [random.below(nonces), 1 + random.below(SCANNED_NONCES)];
    const isBehindNat = random.chance(nat);
    return {
      index,
      kind: kinds.find(([, below]) => drawn < below)?.[0] ?? 'honest',
      plot: index % this.plots.length,
      nonces: Array.from({ length: Math.min(count, nonces) }, (_none, at) => (first + at) % nonces),
      nat: isBehindNat ? Math.floor(index / MINERS_PER_NAT) : null,
      name: nameOf?.(index) ?? (isBehindNat ? `rig-${index}` : null),
    };
  }

  #improving(miner: PlannedMiner, block: SimBlock) {
    const random = createRandom(miner.index, `scan of ${block.blockHash}`);
    const scan = this.scanOf(miner.plot, block);
    const found: { readonly submission: SimSubmission; readonly atShare: number }[] = [];
    miner.nonces.forEach((nonce, at) => {
      const submission = scan[nonce];
      const atShare = (at + random.next()) / miner.nonces.length;
      const best = found.at(-1)?.submission.rawQuality;
      if (submission === undefined || (best !== undefined && submission.rawQuality >= best)) return;
      found.push({ submission, atShare });
    });
    return found;
  }

  /** A quality of zero, one that is better than the true one, and a true one with a wrong nonce. */
  #lies(miner: PlannedMiner, block: SimBlock): readonly PlannedWork[] {
    const scan = this.scanOf(miner.plot, block);
    const [one] = miner.nonces.flatMap((nonce) => scan[nonce] ?? []);
    if (one === undefined) return [];
    const lies = [
      { ...one, rawQuality: 0n },
      { ...one, rawQuality: one.rawQuality - 1n },
      { ...one, nonce: one.nonce + 64n + BigInt(miner.index % 1024), rawQuality: one.rawQuality - 2n },
    ];
    return lies.map((submission, at) => ({
      kind: 'lie',
      submission,
      atShare: LIE_SHARES[at] ?? 1,
      times: 1,
    }));
  }
}
