// The numbers of `/stats` (docs/mining.md#statistics): the snapshot that the writer publishes about once a second, and
// the document that is made of it and of what main knows at the moment. Pure: time is an argument.

import type { MiningInformation } from './information.ts';

/** A machine, an account or a pair is active if it was seen less than this long ago, in ms. */
export const ACTIVE_MS = 300_000;
/** It is listed if it was seen less than this long ago, in ms; submissions are counted over the same time. */
export const LISTED_MS = 86_400_000;

/** What became of the submissions of the last 24 hours, counted in whole hours. */
export interface Outcomes {
  /** Those that the upstream judged. */
  readonly forwarded: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Proofs that were checked and hold. */
  readonly verified: number;
  readonly failedProofs: number;
}

/** Outcomes of nothing. */
export const NO_OUTCOMES: Outcomes = { forwarded: 0, accepted: 0, rejected: 0, verified: 0, failedProofs: 0 };

/** A machine that was seen within 24 hours. */
export interface MachineSeen {
  readonly machineId: string;
  /** Its latest poll or submission, in ms since the epoch. */
  readonly seenAtMs: number;
}

/** An account that submitted within 24 hours. */
export interface AccountSeen {
  readonly accountId: string;
  /** The upstream's text why it refuses this account; null once it is accepted again. */
  readonly refusal: string | null;
}

/** An account at a machine, with a submission within 24 hours. */
export interface PairSeen {
  /** Index in the snapshot's accounts. */
  readonly account: number;
  /** Index in the snapshot's machines. */
  readonly machine: number;
  /** Its latest submission, in ms since the epoch. */
  readonly submittedAtMs: number;
  /** Number of blocks of the last 24 hours for which it has a submission that was not found false. */
  readonly submissions24h: number;
  /** In TiB; 0 without submissions to estimate it by. */
  readonly capacityTib: number;
  readonly outcomes: Outcomes;
}

/** The best submission of a block that was not found false and does not wait for its check. */
export interface BlockBest {
  readonly blockHash: string;
  readonly height: bigint;
  readonly rawQuality: bigint;
  /** In seconds. */
  readonly pocTime: bigint;
  readonly accountId: string;
  readonly machineId: string;
}

/** What the writer knows, as plain data. */
export interface StatisticsSnapshot {
  readonly atMs: number;
  /** False until everything of the last 24 hours is read from the file after a start. */
  readonly isComplete: boolean;
  /** Accounts ever seen in a submission. */
  readonly uniqueMiners: number;
  /** Machines ever seen. */
  readonly uniqueMachines: number;
  readonly machines: readonly MachineSeen[];
  readonly accounts: readonly AccountSeen[];
  readonly pairs: readonly PairSeen[];
  /** Of the newest blocks. */
  readonly bests: readonly BlockBest[];
}

/** The snapshot before the first one of the writer. */
export const NO_STATISTICS: StatisticsSnapshot = {
  atMs: 0,
  isComplete: false,
  uniqueMiners: 0,
  uniqueMachines: 0,
  machines: [],
  accounts: [],
  pairs: [],
  bests: [],
};

/** An upstream as `/stats` shows it. Counts are since the start of the program. */
export interface UpstreamStatistics {
  readonly name: string;
  readonly state: string;
  /** True if miners are served from it. */
  readonly isActive: boolean;
  readonly forwarded: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Entries that wait for their delivery. */
  readonly waiting: number;
}

/** What main knows at the moment. */
export interface LiveStatistics {
  /** ms since the epoch. */
  readonly nowMs: number;
  readonly uptimeSecs: number;
  /** T, in seconds; at least 1. */
  readonly blockTimeSecs: number;
  /** What miners are served; null before the first information. */
  readonly information: MiningInformation | null;
  readonly upstreams: readonly UpstreamStatistics[];
}

/** The best of the block that miners work on; all but the height are null without a submission for it. */
export interface CurrentBlockBest {
  readonly height: bigint;
  readonly bestPocTime: bigint | null;
  readonly bestRawQuality: bigint | null;
  readonly bestAccountId: string | null;
  readonly bestMachineId: string | null;
}

/** Members that machines, accounts and their pairs share. */
interface Shown extends Outcomes {
  readonly submissions24h: number;
  /** Share of a day's blocks, in percent. */
  readonly submissionPercentage: number;
  readonly lastSeenSecsAgo: number;
  readonly isActive: boolean;
}

/** An account in the list of a machine. */
export interface AccountOfMachine extends Shown {
  readonly accountId: string;
  readonly capacityTib: number;
}

/** A machine in the list of an account. */
export interface MachineOfAccount extends Shown {
  readonly machineId: string;
  readonly capacityTib: number;
}

/** A machine of `/stats`. */
export interface MachineStatistics extends Shown {
  readonly machineId: string;
  readonly accountCount: number;
  readonly totalCapacityTib: number;
  readonly accounts: readonly AccountOfMachine[];
}

/** An account of `/stats`. */
export interface AccountStatistics extends Shown {
  readonly accountId: string;
  readonly machineCount: number;
  readonly totalCapacityTib: number;
  /** See {@link AccountSeen.refusal}. */
  readonly refusal: string | null;
  readonly machines: readonly MachineOfAccount[];
}

/** The JSON of `GET /stats`; bigints become number literals. */
export interface StatsDocument extends Outcomes {
  readonly uniqueMiners: number;
  readonly uniqueMachines: number;
  readonly activeMachines: number;
  /** 0 before the first information. */
  readonly currentHeight: bigint;
  readonly uptimeSecs: number;
  /** Like `1.0 TiB`; `N/A` before the first information. */
  readonly totalCapacity: string;
  readonly networkCapacity: string;
  readonly currentBlockBest: CurrentBlockBest;
  /** Active ones first, then by id. */
  readonly machines: readonly MachineStatistics[];
  readonly accounts: readonly AccountStatistics[];
  readonly upstreams: readonly UpstreamStatistics[];
  /** False while the statistics are read from the file after a start. */
  readonly isComplete: boolean;
}
