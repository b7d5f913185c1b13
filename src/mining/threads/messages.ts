// What mining says in the messages between the main thread and the writer's: plain data.

import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { FactThreadData, FactWriterStatus } from '../../store/fact-messages.ts';
import type { Entry } from '../domain/facts.ts';
import type { MiningInformation } from '../domain/information.ts';
import type { StatisticsSnapshot } from '../domain/statistics.ts';

/** The data with which the writer's thread is started. */
export interface WriterThreadData extends FactThreadData {
  /** Days for which rows are kept; 0 for ever. */
  readonly retentionDays: number;
  /** T, in seconds; at least 1. A take-over computes the poc times of earlier submissions by it. */
  readonly blockTimeSecs: number;
}

/** The latest information of an upstream before the start. */
export interface StoredInformation {
  readonly upstream: string;
  readonly atMs: number;
  /** True if miners were served from this upstream. */
  readonly isActive: boolean;
  readonly information: MiningInformation;
}

/** What the file knows that the program goes on with. */
export interface Opened {
  /** Entries of the last 3 blocks of each upstream, by ascending id. */
  readonly entries: readonly Entry[];
  /** The id of the next entry. */
  readonly nextEntryId: number;
  readonly informations: readonly StoredInformation[];
  /** The observed clock at the last commit, in ms. */
  readonly observedMs: number;
}

/** What a commit did besides storing the facts. */
export interface CommitReport {
  /** Machines heard in the commit. */
  readonly signs: readonly NodeSign[];
  /** Numbers of the machines whose rows the commit deleted. */
  readonly gone: readonly number[];
}

/** State of the writer; sent once a second. */
export interface WriterStatus extends FactWriterStatus {
  /** Times that a pair was heard which the statistics do not list, because there are too many. */
  readonly unlistedPairs: number;
}

/** What mining says in its writer's messages. */
export interface MiningTerms {
  readonly opened: Opened;
  readonly report: CommitReport;
  readonly status: WriterStatus;
  /** Sent about once a second when something changed. */
  readonly own: StatisticsSnapshot;
}
