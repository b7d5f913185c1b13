// The messages between the main thread and the writer's: plain data, one union for each direction. Messages of one
// direction arrive in the order sent.

import type { ErrorCode } from '../../lib/errors.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { StorageStatus } from '../../store/writer-health.ts';
import type { Entry, Fact } from '../domain/facts.ts';
import type { MiningInformation } from '../domain/information.ts';
import type { StatisticsSnapshot } from '../domain/statistics.ts';

/** What tests may change in the writer's thread that an operator cannot. */
export interface WriterSeams {
  /** SQLite's max_page_count before every commit, 0 for none: simulates a full disk, and space again. */
  readonly pagesMax?: Int32Array;
}

/** The data with which the writer's thread is started. */
export interface WriterThreadData {
  /** The path of the database. */
  readonly path: string;
  /** Days for which rows are kept; 0 for ever. */
  readonly retentionDays: number;
  /** T, in seconds; at least 1. A take-over computes the poc times of earlier submissions by it. */
  readonly blockTimeSecs: number;
  readonly seams: WriterSeams;
}

/** Facts of one moment. */
export interface FactsMessage {
  readonly type: 'facts';
  /** Ascending by 1 for each message of a run. */
  readonly sequence: number;
  readonly facts: readonly Fact[];
  /** The observed clock when they were told, in ms. */
  readonly observedMs: number;
  /** True if somebody waits until they are on the disk. */
  readonly isAwaited: boolean;
}

/** Messages of the main thread to the writer's. */
export type MainToWriter = FactsMessage | { readonly type: 'stop' };

/** The latest information of an upstream before the start. */
export interface StoredInformation {
  readonly upstream: string;
  readonly atMs: number;
  /** True if miners were served from this upstream. */
  readonly isActive: boolean;
  readonly information: MiningInformation;
}

/** What the file knows that the program goes on with. */
export interface OpenedMessage {
  readonly type: 'opened';
  /** Entries of the last 3 blocks of each upstream, by ascending id. */
  readonly entries: readonly Entry[];
  /** The id of the next entry. */
  readonly nextEntryId: number;
  readonly informations: readonly StoredInformation[];
  /** The observed clock at the last commit, in ms. */
  readonly observedMs: number;
}

/** Every message up to `sequence` is stored, and on the disk if somebody waits for it; 0 names none. */
export interface CommittedMessage {
  readonly type: 'committed';
  readonly sequence: number;
  /** Machines heard in the commit. */
  readonly signs: readonly NodeSign[];
  /** Numbers of the machines whose rows the commit deleted. */
  readonly gone: readonly number[];
}

/** State of the writer; sent once a second. */
export interface WriterStatus extends StorageStatus {
  /** Facts that could not be stored because of their own values, which is a defect of the program. */
  readonly unstorableFacts: number;
  /** Times that a pair was heard which the statistics do not list, because there are too many. */
  readonly unlistedPairs: number;
}

/** Messages of the writer's thread to the main thread. */
export type WriterToMain =
  | OpenedMessage
  | CommittedMessage
  /** Sent about once a second when something changed. */
  | { readonly type: 'statistics'; readonly statistics: StatisticsSnapshot }
  | { readonly type: 'status'; readonly status: WriterStatus }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  /** The file cannot be opened, or can never be written again. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };
