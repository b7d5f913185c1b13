// What the three threads say to each other: plain data, one union for each direction, named by who says it and
// who hears it. Messages of one direction arrive in the order sent.

import type { MessagePort } from 'node:worker_threads';
import type { Settings } from '../config/settings.ts';
import type { IngestAccounts, SourceStatus, WriterStatus } from '../domain/accounting.ts';
import type { ApiKey } from '../domain/api-keys.ts';
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
import type { StreamFacts } from '../sources/attachment.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';

/** What tests may change of the ingest thread, and no operator can. */
export interface IngestSeams {
  /** Milliseconds that every commit takes longer. */
  readonly commitDelayMs?: number;
  /** SQLite's max_page_count before every commit, 0 for none: a full disk, and room again. */
  readonly pagesMax?: Int32Array;
  /**
   * A whole pass of retention behind every sequence that `messages` divides, with the time of that message minus
   * `keepMs` as its cutoff: what is pruned follows from the stream alone, so two readers of one stream can be compared.
   */
  readonly pruneEvery?: { readonly messages: number; readonly keepMs: number };
}

/** What the ingest thread is started with. */
export interface IngestThreadData {
  readonly settings: Settings;
  readonly seams: IngestSeams;
}

/** What the source thread is started with. */
export interface SourceThreadData {
  readonly settings: Settings;
  readonly nats: NatsOptions;
  /** The observed clock as last committed. */
  readonly observedMs: number;
  /** To the ingest thread. */
  readonly ingest: MessagePort;
}

export type MainToIngest =
  /** The other end of the source thread's port. Comes once, after the actors are rebuilt. */
  | { readonly type: 'source'; readonly port: MessagePort }
  | { readonly type: 'transitions'; readonly facts: readonly NodeTransition[] }
  | { readonly type: 'statistics'; readonly tick: TickStatistics }
  /** A request of an operator. `operatorReply` answers it under the same id when its effect is committed. */
  | { readonly type: 'operatorRequest'; readonly id: number; readonly request: OperatorRequest }
  /** A key was used over HTTP. */
  | { readonly type: 'keyUsed'; readonly keyId: string; readonly atMs: number }
  | { readonly type: 'stop' };

/** `observedMs` is the observed clock of the last message taken. */
export type IngestToMain =
  | {
      readonly type: 'opened';
      readonly aggregatorId: string;
      readonly identity: Identity;
      readonly keys: readonly ApiKey[];
      readonly missing: Missing;
      readonly observedMs: number;
    }
  /** All keys, sent after any of them changed. */
  | { readonly type: 'keys'; readonly keys: readonly ApiKey[] }
  | { readonly type: 'operatorReply'; readonly id: number; readonly reply: OperatorRequestReply }
  | {
      readonly type: 'committed';
      /** Nodes heard in the commit. */
      readonly signs: readonly NodeSign[];
      /** Numbers of nodes whose rows went in it. */
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
    }
  | LogMessage
  | FailedMessage
  | { readonly type: 'stopped' };

export type MainToSource = { readonly type: 'stop' };

export type SourceToMain =
  | { readonly type: 'status'; readonly status: SourceStatus }
  | LogMessage
  | FailedMessage
  | { readonly type: 'stopped' };

export type SourceToIngest =
  | { readonly type: 'batch'; readonly batch: Batch }
  /** The broker answered, and nothing else happened. */
  | { readonly type: 'clock'; readonly observedMs: number }
  /** Told once a second. */
  | { readonly type: 'reach'; readonly reach: Reach }
  /** Messages thrown away since the last such message, per subject. */
  | { readonly type: 'shed'; readonly counts: readonly number[] }
  | { readonly type: 'lastKnown'; readonly stream: StreamFacts }
  | { readonly type: 'attach'; readonly stream: StreamFacts; readonly storedAtMs: number | null }
  | { readonly type: 'nothingUpTo'; readonly seq: number }
  | { readonly type: 'detach' };

/** `seq` answers `lastKnown` and `attach`. */
export type IngestToSource =
  | { readonly type: 'position'; readonly seq: number | null }
  /** The batch comes back: it is committed, and so is everything up to `seq`. */
  | { readonly type: 'returned'; readonly batch: Batch; readonly seq: number };

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
