// What is known of the blocks of one upstream: the current information, and the previous one within its grace. Time is
// an argument, on a clock that never goes back.

import { BlockChanges } from './block-changes.ts';
import { isSameWork } from './checks.ts';
import type { KnownBlock, MiningInformation } from './information.ts';
import { differs } from './read-information.ts';

/** What an information changed. `refused`: the block alternates with the current one, which stays. */
export type InformationEffect = 'nothing' | 'text' | 'members' | 'block' | 'waiting' | 'refused';

/** Number of refreshes after a change during which the previous block is still found. */
const GRACE_REFRESHES = 1;

/** An information, and whether its block is the current one. */
export type AgedInformation = Pick<KnownBlock, 'information' | 'age'>;

/** The blocks of one upstream. */
export class KnownBlocks {
  readonly #changes: BlockChanges;
  #current: MiningInformation | null;
  #confirmedAtMs: number;
  #previous: MiningInformation | null = null;
  /** The block before the current one if the same forger made the current one anew: proofs for it still hold. */
  #twin: MiningInformation | null = null;
  #refreshesSinceChange = 0;

  /** `restored`: the information from before a restart, and when the upstream gave it (in the past). */
  constructor(restored: { readonly information: MiningInformation; readonly atMs: number } | null = null) {
    this.#current = restored?.information ?? null;
    this.#confirmedAtMs = restored?.atMs ?? -Infinity;
    this.#changes = new BlockChanges(this.#current);
  }

  get current(): MiningInformation | null {
    return this.#current;
  }

  /** When the upstream gave an information of the current block last. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  /** Takes the information of a refresh that was asked for at `askedAtMs` and answered at `nowMs`. */
  take(information: MiningInformation, askedAtMs: number, nowMs: number): InformationEffect {
    const before = this.#current;
    const change = this.#changes.take(information, askedAtMs);
    if (change === 'adopted') {
      this.#previous = before;
      this.#twin = before !== null && isSameWork(before, information) ? before : null;
      this.#refreshesSinceChange = 0;
    } else {
      this.#refreshesSinceChange += 1;
      if (this.#refreshesSinceChange > GRACE_REFRESHES) this.#previous = null;
    }
    if (change === 'waiting' || change === 'refused') return change;
    this.#current = information;
    this.#confirmedAtMs = nowMs;
    if (before === null || change === 'adopted') return 'block';
    if (differs(before, information)) return 'members';
    return before.text === information.text ? 'nothing' : 'text';
  }

  /** The current block, then the previous one within its grace. */
  get all(): readonly AgedInformation[] {
    const blocks: AgedInformation[] = [];
    if (this.#current !== null) blocks.push({ information: this.#current, age: 'current' });
    if (this.#previous !== null) blocks.push({ information: this.#previous, age: 'previous' });
    return blocks;
  }

  /**
   * The information with this hash, and its age; null if its block is unknown or passed. A block that the same forger made
   * anew is found as the previous one while the new one is current, also after its grace.
   */
  find(blockHash: string): AgedInformation | null {
    const known = this.all.find(({ information }) => information.blockHash === blockHash);
    if (known !== undefined) return known;
    return this.#twin?.blockHash === blockHash ? { information: this.#twin, age: 'previous' } : null;
  }
}
