// The demonstration's world: a simulated pool, and three miners with small real plots that mine through an aggregator.
// Both are on 127.0.0.1. The blocks change often enough that a person sees something happen.

import type { Part } from '../../lib/part.ts';
import { BlockPlan } from './block-plan.ts';
import { MinerPlan } from './miner-plan.ts';
import { MiningSim } from './mining-sim.ts';
import { PlannedUpstream } from './planned-upstream.ts';

const SEED = 20_241;
const BLOCK_MS = 25_000;
/** A scan takes most of a block, so that better submissions come one after the other. */
const SCAN_MS = 15_000;
const MINERS = 3;
/** Few enough that they are made in some seconds. */
const NONCES = 6;

/** The pool of the demonstration; it accepts what is true. */
export class DemoUpstream implements Part<{ readonly url: string }> {
  readonly #upstream = new PlannedUpstream(new BlockPlan({ seed: SEED, blockMs: BLOCK_MS, faults: [] }), {
    isKept: false,
  });

  /** Resolves with the address for `upstream.url`. Errors: `listen_failed`. */
  start(): Promise<{ readonly url: string }> {
    return this.#upstream.start();
  }

  stop(): Promise<void> {
    return this.#upstream.stop();
  }
}

/** What a test makes smaller. */
export interface DemoMinersOptions {
  readonly scanMs?: number;
  readonly nonces?: number;
}

/** The three miners, named `demo-1` to `demo-3`. They wait for an aggregator that is not there yet. */
export class DemoMiners implements Part {
  readonly #plan: MinerPlan;
  readonly #miners: MiningSim;
  #isStopped = false;
  #preparing: Promise<void> = Promise.resolve();

  /** `url` is where the aggregator answers miners; a scan takes `scanMs`, and each plot has `nonces` nonces. */
  constructor(url: string, { scanMs = SCAN_MS, nonces = NONCES }: DemoMinersOptions = {}) {
    const shares = { liars: 0, repeaters: 0, stale: 0, nat: 0 };
    this.#plan = new MinerPlan({
      seed: SEED,
      miners: MINERS,
      accounts: MINERS,
      nonces,
      ...shares,
      nameOf: (index) => `demo-${index + 1}`,
    });
    this.#miners = new MiningSim({ url, plan: this.#plan, scanMs });
  }

  /** Resolves at once: the nonces are made in the background, which takes this thread some 60 ms for each. */
  async start(): Promise<void> {
    this.#preparing = this.#makePlots();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#preparing;
    await this.#miners.stop();
  }

  async #makePlots(): Promise<void> {
    await this.#plan.makePlots(() => !this.#isStopped);
    if (!this.#isStopped) await this.#miners.start();
  }
}
