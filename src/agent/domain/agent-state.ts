// What the agent keeps on the disk, as the parts of the program see it. Plain data.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { NodeCounts, SentWindow } from './messages.ts';
import type { StatisticsRow } from './network-statistics.ts';

/** Who the node is in the federation. It stands in the state file, and beside it in `DB_PATH.identity`. */
export interface AgentIdentity {
  /** `node-` and a UUID v4. */
  readonly nodeId: string;
  /** False if an adopted monitor had opted out of the federation: the agent then sends nothing. */
  readonly isEnabled: boolean;
  /** False: no `locationBucket` leaves. */
  readonly sharesLocation: boolean;
  /** False: presence only. */
  readonly sharesTasks: boolean;
  /** The continent of an adopted monitor; NODE_CONTINENT comes first. */
  readonly continent: string | null;
  /** The key that signs statistics, pinned at first sight; null before. */
  readonly statsKey: PublicJwk | null;
}

/** What a start finds, after the state was opened. */
export interface OpenedState {
  readonly identity: AgentIdentity;
  /** The salt that was kept: 64 hex digits; null without any. */
  readonly salt: string | null;
  /** True if the state was made anew by this start. */
  readonly isNew: boolean;
  /** Sentences for the log: a damaged state that was moved aside, and what that means. */
  readonly warnings: readonly string[];
  readonly window: SentWindow;
  /** The kept statistics; null before the first. */
  readonly statistics: StatisticsRow | null;
  readonly counts: NodeCounts;
  readonly waiting: number;
}

/** Counters of the facts since the state was made; the law: found = known + remembered + queued. */
export interface FactCounts {
  /** Facts that were known before, for example from the other source or from an earlier reading. */
  readonly known: number;
  /** Facts that are remembered and never sent. */
  readonly remembered: number;
  readonly queued: number;
}
