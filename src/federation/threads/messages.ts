// The messages between the three threads: plain data, one union for each direction, named by sender and receiver.
// Messages of one direction arrive in the order sent.

import type { MessagePort } from 'node:worker_threads';
import type { Settings } from '../config/settings.ts';
import type { IngestAccounts, SourceStatus, WriterStatus } from '../domain/accounting.ts';
import type { ApiKey } from '../domain/api-keys.ts';
import type { ToldEvent } from '../domain/events.ts';
import type { OperatorRequest } from '../domain/operator-request.ts';
import type { NodeSign, NodeTransition } from '../../lifecycle/node-state.ts';
import type { NodeTrust } from '../domain/statistics.ts';
import type { Missing } from '../domain/missing.ts';
import type { Identity } from '../domain/identity.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { NatsOptions } from '../../io/nats.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { Batch } from '../sources/batch.ts';
import type { Reach } from '../sources/reach.ts';
import type { Membership, ReplicaPosition, Source, StoredCommand } from '../domain/cluster.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import type { LastRun } from '../store/last-run.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';

/** What tests may change in the ingest thread that an operator cannot. */
export interface IngestSeams {
  /** Additional duration of every commit, in ms. */
  readonly commitDelayMs?: number;
  /** SQLite's max_page_count before every commit, 0 for none: simulates a full disk, and space again. */
  readonly pagesMax?: Int32Array;
  /**
   * Runs a whole pass of retention after every sequence that `messages` divides, with the time of that message minus
   * `keepMs` as its cutoff. Pruning then depends on the stream alone, so two readers of one stream can be compared.
   */
  readonly pruneEvery?: { readonly messages: number; readonly keepMs: number };
}

/** The data with which the ingest thread is started. */
export interface IngestThreadData {
  readonly settings: Settings;
  readonly seams: IngestSeams;
}

/** The data with which the source thread is started. */
export interface SourceThreadData {
  readonly settings: Settings;
  readonly nats: NatsOptions;
  /** The observed clock of the last commit. */
  readonly observedMs: number;
  /** The port to the ingest thread. */
  readonly ingest: MessagePort;
}

/** Messages of the main thread to the ingest thread. */
export type MainToIngest =
  /** The other end of the source thread's port; sent once, after the actors are rebuilt. */
  | { readonly type: 'source'; readonly port: MessagePort }
  | { readonly type: 'transitions'; readonly facts: readonly NodeTransition[] }
  | { readonly type: 'statistics'; readonly tick: TickStatistics }
  /** An event of the aggregator, for the log of events. */
  | { readonly type: 'event'; readonly event: ToldEvent }
  /** An operator's request. `operatorReply` with the same id answers it when its effect is committed. */
  | { readonly type: 'operatorRequest'; readonly id: number; readonly request: OperatorRequest }
  /** The cluster to which the database belongs from now on; `joined` answers when it is on disk. */
  | {
      readonly type: 'join';
      readonly membership: Membership;
      readonly identity: Identity;
      readonly aggregatorId: string;
    }
  /** A client used this key over HTTP. */
  | { readonly type: 'keyUsed'; readonly keyId: string; readonly atMs: number }
  | { readonly type: 'stop' };

/**
 * Messages of the ingest thread to the main thread. `observedMs` is the observed clock of the last commit. It never runs
 * ahead of the signs of life, because the main thread decides by it which nodes are silent.
 */
export type IngestToMain =
  | {
      readonly type: 'opened';
      readonly aggregatorId: string;
      readonly identity: Identity;
      readonly keys: readonly ApiKey[];
      readonly missing: Missing;
      readonly observedMs: number;
      /** The cluster to which the database belongs; null if to none. */
      readonly membership: Membership | null;
      /** True if the database holds counts. */
      readonly hasRows: boolean;
      readonly lastRun: LastRun;
    }
  /** The database belongs to the cluster of the last `join`, and has its identity. */
  | { readonly type: 'joined'; readonly identity: Identity; readonly aggregatorId: string }
  /** All keys, sent after a change to any of them. */
  | { readonly type: 'keys'; readonly keys: readonly ApiKey[] }
  | { readonly type: 'operatorReply'; readonly id: number; readonly reply: OperatorRequestReply }
  | {
      readonly type: 'committed';
      /** Nodes heard in the commit. */
      readonly signs: readonly NodeSign[];
      /** Numbers of the nodes whose rows the commit deleted. */
      readonly gone: readonly number[];
      readonly observedMs: number;
    }
  | {
      readonly type: 'snapshot';
      readonly accounts: IngestAccounts;
      readonly status: WriterStatus;
      readonly observedMs: number;
      readonly totalNodes: number;
      readonly trust: NodeTrust;
      readonly missing: Missing;
      /** Where this replica is in its log; null without a cluster. */
      readonly position: ReplicaPosition | null;
    }
  | LogMessage
  | FailedMessage
  | { readonly type: 'stopped' };

/** Messages of the main thread to the source thread. */
export type MainToSource = { readonly type: 'stop' };

/** Messages of the source thread to the main thread. */
export type SourceToMain =
  | { readonly type: 'status'; readonly status: SourceStatus }
  | LogMessage
  | FailedMessage
  | { readonly type: 'stopped' };

/** Messages of the source thread to the ingest thread. */
export type SourceToIngest =
  | { readonly type: 'batch'; readonly batch: Batch }
  /** The broker answered a ping, and no message waits. */
  | { readonly type: 'clock'; readonly observedMs: number }
  /** Sent once a second. */
  | { readonly type: 'reach'; readonly reach: Reach }
  /** Number of messages shed since the last such report, per subject. */
  | { readonly type: 'shed'; readonly counts: readonly number[] }
  | { readonly type: 'lastKnown'; readonly stream: StreamFacts }
  | { readonly type: 'attach'; readonly stream: StreamFacts; readonly storedAtMs: number | null }
  | { readonly type: 'nothingUpTo'; readonly seq: number }
  | { readonly type: 'detach' }
  /** In a cluster: the source attaches to its log. `position` answers with the next sequence to read. */
  | { readonly type: 'attachLog'; readonly log: StreamFacts }
  /**
   * In a cluster: commands in the order of their stream. They come before every round whose messages they may concern.
   * `isAll`: these are all that the stream holds; `missingCommands` answers with those that the database knows beside
   * them.
   */
  | { readonly type: 'commands'; readonly entries: readonly StoredCommand[]; readonly isAll: boolean };

/** Messages of the ingest thread to the source thread. `seq` answers `lastKnown` and `attach`. */
export type IngestToSource =
  | { readonly type: 'position'; readonly seq: number | null }
  /** Gives a batch back: the batch and every sequence up to `seq` are committed. */
  | { readonly type: 'returned'; readonly batch: Batch; readonly seq: number }
  /** A round of this source was skipped, because what follows `upto` is missing: it must be asked for. */
  | { readonly type: 'hole'; readonly source: Source; readonly upto: number }
  /** Commands that the database knows and the stream of commands has lost, oldest first. */
  | { readonly type: 'missingCommands'; readonly entries: readonly StoredCommand[] };

interface LogMessage {
  readonly type: 'log';
  readonly level: 'info' | 'warn' | 'error';
  readonly sentence: string;
}

interface FailedMessage {
  readonly type: 'failed';
  readonly code: ErrorCode;
  readonly sentence: string;
}
