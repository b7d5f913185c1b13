// Which block counts as an upstream's current one. An upstream may be two nodes behind one address: miners that follow
// both start their scan anew with each answer, so a block that goes back has to be confirmed. Time is an argument.

import type { MiningInformation } from './information.ts';

/**
 * What became of an information. `same`: of the current block. `adopted`: its block is the current one from now on.
 * `waiting`: adopted if the next information, at least 1 s later, is of the same block. `refused`: its block alternates
 * with the current one; it is adopted if it stays for 2 s.
 */
export type BlockChange = 'same' | 'adopted' | 'waiting' | 'refused';

/** How far apart two refreshes must be that agree on a block which goes back. */
export const AGREEMENT_MS = 1_000;
/** For how long refreshes must agree on a block that has alternated with the current one. */
export const ALTERNATOR_AGREEMENT_MS = 2_000;

/** Blocks that were current, by height and hash; the oldest is forgotten first. */
const REMEMBERED_BLOCKS_MAX = 256;

type Block = Pick<MiningInformation, 'height' | 'blockHash'>;

interface Candidate extends Block {
  readonly sinceMs: number;
}

/** The current block of one upstream, and which blocks were current before. */
export class BlockChanges {
  /** Blocks that are or were current; the one that became so last is the last one. */
  readonly #known = new BlockMemory();
  /** Blocks that alternated with the current one since the last new block. */
  readonly #alternators = new BlockMemory();
  #current: Block | null;
  #candidate: Candidate | null = null;

  /** `current` is the block from before a restart; null without one. */
  constructor(current: Block | null = null) {
    this.#current = current;
    if (current !== null) this.#known.add(current);
  }

  /** Judges the information of a refresh that was made at `nowMs`, on a clock that never goes back. */
  take({ height, blockHash }: Block, nowMs: number): BlockChange {
    const block = { height, blockHash };
    const current = this.#current;
    if (blockHash === current?.blockHash) {
      if (this.#candidate !== null) this.#alternators.add(this.#candidate);
      this.#candidate = null;
      if (height !== current.height) this.#known.add(block);
      this.#current = block;
      return 'same';
    }
    if (current === null || (height >= current.height && !this.#known.has(block))) {
      this.#alternators.clear();
      return this.#adopt(block);
    }
    if (this.#candidate === null || keyOf(this.#candidate) !== keyOf(block))
      this.#candidate = { ...block, sinceMs: nowMs };
    const isAlternator = this.#alternators.has(block);
    const agreedMs = nowMs - this.#candidate.sinceMs;
    if (agreedMs < (isAlternator ? ALTERNATOR_AGREEMENT_MS : AGREEMENT_MS))
      return isAlternator ? 'refused' : 'waiting';
    // Its return at once would be an alternation too.
    this.#alternators.add(current);
    return this.#adopt(block);
  }

  #adopt(block: Block): BlockChange {
    this.#current = block;
    this.#candidate = null;
    this.#known.add(block);
    return 'adopted';
  }
}

/** The blocks that were added last. */
class BlockMemory {
  readonly #keys = new Set<string>();

  has(block: Block): boolean {
    return this.#keys.has(keyOf(block));
  }

  add(block: Block): void {
    const key = keyOf(block);
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= REMEMBERED_BLOCKS_MAX) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#keys.clear();
  }
}

function keyOf({ height, blockHash }: Block): string {
  return `${height} ${blockHash}`;
}
