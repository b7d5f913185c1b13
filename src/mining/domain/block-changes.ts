// Which block counts as an upstream's current one. An upstream may be two nodes behind one address: miners that follow
// both start their scan anew with each answer, so a block that goes back has to be confirmed. Time is an argument.

import type { MiningInformation } from './information.ts';

/**
 * What became of an information. `same`: of the current block. `adopted`: its block is the current one from now on.
 * `waiting`: adopted if the next information, at least 1 s later, is of the same block. `refused`: it is waiting like
 * that for another time, although the current block was confirmed after the first.
 */
export type BlockChange = 'same' | 'adopted' | 'waiting' | 'refused';

/** How far apart two refreshes must be that agree on a block which goes back. */
export const AGREEMENT_MS = 1000;

/** Blocks that were current, by height and hash; the oldest is forgotten first. */
const REMEMBERED_BLOCKS_MAX = 256;

type Block = Pick<MiningInformation, 'height' | 'blockHash'>;

interface Candidate extends Block {
  readonly sinceMs: number;
}

/** The current block of one upstream, and which blocks were current before. */
export class BlockChanges {
  /** Keys of blocks that are or were current, in the order in which they became current. */
  readonly #known = new Set<string>();
  /** Keys of candidates that the current block contradicted; emptied with each change. */
  readonly #contradicted = new Set<string>();
  #current: Block | null;
  #candidate: Candidate | null = null;

  /** `current` is the block from before a restart; null without one. */
  constructor(current: Block | null = null) {
    this.#current = current;
    if (current !== null) this.#known.add(keyOf(current));
  }

  /** Judges the information of a refresh that was made at `nowMs`, on a clock that never goes back. */
  take(block: Block, nowMs: number): BlockChange {
    const current = this.#current;
    if (current === null) return this.#adopt(block);
    if (block.blockHash === current.blockHash) {
      if (this.#candidate !== null) this.#contradict(this.#candidate);
      this.#candidate = null;
      if (block.height !== current.height) this.#remember(block);
      this.#current = { height: block.height, blockHash: block.blockHash };
      return 'same';
    }
    if (block.height >= current.height && !this.#known.has(keyOf(block))) return this.#adopt(block);
    if (this.#candidate === null || keyOf(this.#candidate) !== keyOf(block)) {
      this.#candidate = { height: block.height, blockHash: block.blockHash, sinceMs: nowMs };
      return this.#contradicted.has(keyOf(block)) ? 'refused' : 'waiting';
    }
    return nowMs - this.#candidate.sinceMs >= AGREEMENT_MS ? this.#adopt(block) : 'waiting';
  }

  #adopt({ height, blockHash }: Block): BlockChange {
    this.#current = { height, blockHash };
    this.#candidate = null;
    this.#contradicted.clear();
    this.#remember(this.#current);
    return 'adopted';
  }

  #contradict(candidate: Candidate): void {
    if (this.#contradicted.size < REMEMBERED_BLOCKS_MAX) this.#contradicted.add(keyOf(candidate));
  }

  #remember(block: Block): void {
    const key = keyOf(block);
    this.#known.delete(key);
    this.#known.add(key);
    if (this.#known.size <= REMEMBERED_BLOCKS_MAX) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}

function keyOf({ height, blockHash }: Block): string {
  return `${height} ${blockHash}`;
}
