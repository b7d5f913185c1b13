// Plays a plan of blocks and faults on a simulated upstream: the blocks change by the clock, and each fault holds for
// its time.

import { type Timer, type Timers, systemTimers } from '../../lib/timers.ts';
import type { Part } from '../../lib/part.ts';
import type { BlockPlan, PlannedBlock, PlannedFault } from './block-plan.ts';
import type { ActiveFault } from './faults.ts';
import { slowMsOf } from './sim-lags.ts';
import type { SimSubmission } from './sim-submission.ts';
import { UpstreamSim, type UpstreamSimOptions } from './upstream-sim.ts';

/** Bytes of an information that no aggregator takes. */
const OVERSIZE = 70_000;
const RETRY_AFTER = '2';

/** An upstream that plays a plan. */
export class PlannedUpstream implements Part<{ readonly url: string }> {
  /** The upstream itself; tests may switch further faults on. */
  readonly sim: UpstreamSim;
  readonly #plan: BlockPlan;
  readonly #timers: Timers;
  readonly #onBlock: (planned: PlannedBlock) => void;
  readonly #pending = new Set<Timer>();
  #ended = false;
  #counter = 0;

  /** `onBlock` is told each block when it becomes current. */
  constructor(
    plan: BlockPlan,
    options: Omit<UpstreamSimOptions, 'block' | 'seed'> & {
      readonly timers?: Timers;
      readonly onBlock?: (planned: PlannedBlock) => void;
    } = {},
  ) {
    const { timers = systemTimers, onBlock = () => undefined, ...more } = options;
    this.#plan = plan;
    this.#timers = timers;
    this.#onBlock = onBlock;
    this.sim = new UpstreamSim({ ...more, seed: plan.options.seed, block: plan.at(0).block });
    this.#talk();
  }

  /** Resolves with the address; the first block begins. Errors: `listen_failed`. */
  async start(): Promise<{ readonly url: string }> {
    const started = await this.sim.start();
    this.#begin(0);
    return started;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#pending) timer.cancel();
    await this.sim.stop();
  }

  #after(ms: number, run: () => void): void {
    const timer = this.#timers.after(ms, () => {
      this.#pending.delete(timer);
      run();
    });
    this.#pending.add(timer);
  }

  #begin(index: number): void {
    const { blockMs } = this.#plan.options;
    const planned = this.#plan.at(index);
    // The first block stands already.
    if (index > 0) this.sim.setBlock(planned.block);
    this.#onBlock(planned);
    if (planned.fault !== null) this.#play(planned, planned.fault);
    this.#after(blockMs, () => this.#begin(index + 1));
  }

  #play(planned: PlannedBlock, fault: PlannedFault): void {
    const { blockMs } = this.#plan.options;
    const isLong = fault.name.startsWith('refuse-') || fault.name === 'alternate';
    const fromMs = isLong ? 0 : fault.fromMs;
    const toMs = isLong ? blockMs - 1 : fault.toMs;
    const begin = () => {
      const end = this.#switchOn(planned, fault);
      this.#after(toMs - fromMs, () => void end());
    };
    if (fromMs === 0) begin();
    else this.#after(fromMs, begin);
  }

  /** Returns the function that ends the fault. */
  #switchOn(planned: PlannedBlock, fault: PlannedFault): () => unknown {
    const { sim } = this;
    const until = (active: ActiveFault) => () => active.clear();
    const { code } = fault;
    switch (fault.name) {
      case 'die':
        void sim.refuse();
        return () => (this.#ended ? undefined : sim.comeBack());
      case 'hang':
        return until(sim.hang());
      case 'reset':
        return until(sim.inject({ type: 'reset' }));
      case 'html':
        return until(sim.answerHtml());
      case 'unavailable':
        return until(sim.inject({ type: 'status', status: 503 }, { every: 2 }));
      case 'rate-limit':
        return until(sim.rateLimit(RETRY_AFTER));
      case 'busy':
      case 'temporary':
      case 'operator': {
        if (code !== null && code > 0) return until(sim.inject({ type: 'status', status: code }));
        return until(sim.inject({ type: 'error', code: code ?? 0, text: 'not now, says the simulator' }));
      }
      case 'slow': {
        const delayMs = slowMsOf(this.#plan);
        return until(sim.inject({ type: 'slow', delayMs }, { method: 'submit_nonce' }));
      }
      case 'lost':
        return until(sim.loseAnswers());
      case 'truncated':
        return until(sim.inject({ type: 'truncated' }));
      case 'oversize':
        this.#talk(OVERSIZE);
        return () => this.#talk();
      case 'alternate':
        sim.alternateWith(this.#plan.at(planned.index - 1).block);
        return () => sim.alternateWith(null);
      case 'reorganise':
        return () => undefined;
      case 'cookie':
        return sim.rotateCookie();
      case 'refuse-submission':
      case 'refuse-account':
      case 'refuse-block': {
        const submission = (given: SimSubmission) =>
          given.blockHash === planned.block.blockHash && this.#plan.refuses(planned, given);
        return until(sim.rejectWith(code ?? 0, `refused by the plan (${fault.name})`, { submission }));
      }
    }
  }

  /** Information has the further members of a real node; `filler` characters make it too large. */
  #talk(filler = 0): void {
    this.sim.changeInformation((members) => {
      this.#counter += 1;
      const more = filler === 0 ? {} : { filler: 'x'.repeat(filler) };
      return {
        ...members,
        minimum_fee: 0.00001,
        warnings: ['a simulated node'],
        served: this.#counter,
        ...more,
      };
    });
  }
}
