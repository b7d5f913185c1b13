// The blocks and faults of a seeded upstream: from the seed alone, so that an oracle knows them too. It plays nothing.

import { createRandom, type Random } from '../../lib/random.ts';
import { hexOf, namedBlock, SIM_BASE_TARGET, type SimBlock } from './block.ts';
import { CODES, FAULT_NAMES, type FaultName } from './fault-names.ts';
import type { SimSubmission } from './sim-submission.ts';

/** A fault of one block. It holds from `fromMs` to `toMs` after the block's start; refusals hold as long as the block. */
export interface PlannedFault {
  readonly name: FaultName;
  readonly fromMs: number;
  readonly toMs: number;
  /** The code of a fault that has one: a status if positive. */
  readonly code: number | null;
}

/** One block of the plan. */
export interface PlannedBlock {
  readonly index: number;
  readonly block: SimBlock;
  readonly fault: PlannedFault | null;
}

/** What the plan follows from. */
export interface BlockPlanOptions {
  readonly seed: number;
  /** Length of each block. */
  readonly blockMs: number;
  /** The faults that occur, in any order; none for an upstream that always works. */
  readonly faults: readonly FaultName[];
}

/** Share of the submissions, or of the accounts, that a refusing block refuses. */
const REFUSED_SHARE = 0.3;
/** Every such block has no fault. */
const QUIET_EVERY = 4;
const FIRST_HEIGHT = 1000n;

/** The blocks in their order, made as they are asked for. */
export class BlockPlan {
  readonly options: BlockPlanOptions;
  readonly #random: Random;
  readonly #blocks: PlannedBlock[] = [];
  #waiting: FaultName[] = [];

  constructor(options: BlockPlanOptions) {
    this.options = options;
    this.#random = createRandom(options.seed, 'blocks');
  }

  /** The block with this index, from 0. */
  at(index: number): PlannedBlock {
    while (this.#blocks.length <= index) this.#blocks.push(this.#next());
    return this.#blocks[index] as PlannedBlock;
  }

  /** True if the plan has this submission refused in this block, by what it is about. */
  refuses({ index, fault }: PlannedBlock, submission: Pick<SimSubmission, 'accountId' | 'nonce'>): boolean {
    const account = submission.accountId.toLowerCase();
    const isChosen = (...words: readonly (string | bigint)[]) => {
      const drawn = hexOf('refused', this.options.seed, index, ...words).slice(0, 8);
      return Number.parseInt(drawn, 16) / 0x1_0000_0000 < REFUSED_SHARE;
    };
    if (fault?.name === 'refuse-account') return isChosen(account);
    if (fault?.name === 'refuse-submission') return isChosen(account, submission.nonce);
    return fault?.name === 'refuse-block';
  }

  #next(): PlannedBlock {
    const index = this.#blocks.length;
    const before = this.#blocks.at(-1);
    const name = index % QUIET_EVERY === 0 ? null : this.#nextFault();
    const block = before === undefined ? this.#first() : this.#following(before.block, index, name);
    return { index, block, fault: name === null ? null : this.#faultOf(name) };
  }

  #first(): SimBlock {
    return namedBlock(`plan ${this.options.seed}, 0`, FIRST_HEIGHT);
  }

  #following(before: SimBlock, index: number, name: FaultName | null): SimBlock {
    const named = (height: bigint) => ({
      ...namedBlock(`plan ${this.options.seed}, ${index}`, height),
      baseTarget: (SIM_BASE_TARGET * BigInt(90 + this.#random.below(21))) / 100n,
    });
    if (name !== 'reorganise') return named(before.height + 1n);
    const kind = this.#random.below(3);
    if (kind === 0) return named(before.height);
    if (kind === 1) return named(before.height - 1n);
    // By the same forger: another hash, and the same work.
    return { ...before, blockHash: named(before.height).blockHash };
  }

  /** All faults occur once in a seeded order, then again in another one. */
  #nextFault(): FaultName | null {
    if (this.#waiting.length === 0) this.#waiting = shuffled(this.options.faults, this.#random);
    return this.#waiting.shift() ?? null;
  }

  #faultOf(name: FaultName): PlannedFault {
    const { blockMs } = this.options;
    const fromMs = Math.round(blockMs * 0.1 * this.#random.next());
    const toMs = fromMs + Math.round(blockMs * (0.15 + 0.15 * this.#random.next()));
    const codes = CODES[name];
    return { name, fromMs, toMs, code: codes === undefined ? null : this.#random.pick(codes) };
  }
}

function shuffled(list: readonly FaultName[], random: Random): FaultName[] {
  return FAULT_NAMES.filter((name) => list.includes(name))
    .map((value) => ({ value, key: random.next() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ value }) => value);
}
