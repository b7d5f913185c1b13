// What the desk needs of the wiring, and what it can be told. Types only.

import type { Clock } from '../../lib/clock.ts';
import type { Timers } from '../../lib/timers.ts';
import type { Entry, Journal } from '../domain/facts.ts';
import type { KnownBlock } from '../domain/information.ts';
import type { ProofChecker, Verify } from '../domain/proof-check.ts';

/** The blocks of the upstreams, as the information caches know them. */
export interface DeskBlocks {
  /**
   * The block with this hash: of the active upstream, else of another one; null if no upstream has it as its current
   * block or as the previous one within its grace.
   */
  find(blockHash: string): KnownBlock | null;
  /** The current block of the upstream that miners are served from; null before the first information. */
  readonly active: KnownBlock | null;
  /** True if that block was told since the start: one from before a restart may have passed meanwhile. */
  readonly isActiveConfirmed: boolean;
  /** Every current block, and every previous one within its grace, of all upstreams. */
  readonly all: readonly KnownBlock[];
  /** Refreshes the information, at most once a second; resolves when a new block has been told. Never rejects. */
  refresh(): Promise<void>;
}

/** The delivery of one upstream, as the desk uses it. */
export interface DeskDelivery {
  offer(entry: Entry): void;
  withdraw(entry: Entry): void;
  /** Takes note of an entry that was delivered before a restart. */
  remember(entry: Entry): void;
  /** The current block first, then the previous one within its grace. */
  blocksAre(blockHashes: readonly string[]): void;
}

/** What a desk needs of the wiring. */
export interface DeskParts {
  readonly journal: Journal;
  readonly checker: ProofChecker;
  readonly blocks: DeskBlocks;
  /** The delivery of the upstream with this name; undefined if the upstream is not configured any longer. */
  deliveryOf(upstream: string): DeskDelivery | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Settings of a desk. */
export interface DeskOptions {
  readonly verify: Verify;
  readonly blockTimeSecs: number;
  /** Greater than the id of any entry that was ever stored. */
  readonly firstEntryId: number;
}
