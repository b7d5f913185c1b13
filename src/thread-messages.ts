// What main and the ingest thread say to each other: plain data, one union each way. Messages arrive in the order sent.

import type { IngestAccounts, IngestStatus } from './domain/federation/accounting.ts';
import type { NodeSign, NodeTransition } from './domain/federation/facts.ts';
import type { TickStatistics } from './domain/federation/statistics.ts';
import type { Settings } from './config/settings.ts';
import type { NatsOptions } from './io/nats.ts';
import type { ErrorCode } from './lib/errors.ts';

/** What the ingest thread is started with. */
export interface IngestThreadData {
  readonly settings: Settings;
  /** Test seam: milliseconds that every commit takes longer. */
  readonly commitDelayMs: number;
}

/** Main to ingest. `start` comes once, after the actors are rebuilt. */
export type ToIngest =
  | { readonly type: 'start'; readonly nats: NatsOptions; readonly isMapped: boolean }
  | { readonly type: 'transitions'; readonly facts: readonly NodeTransition[] }
  | { readonly type: 'statistics'; readonly tick: TickStatistics }
  | { readonly type: 'stop' };

/** Ingest to main. `observedMs` is the observed clock when the message was sent. */
export type FromIngest =
  | { readonly type: 'opened'; readonly aggregatorId: string; readonly observedMs: number }
  | { readonly type: 'committed'; readonly signs: readonly NodeSign[]; readonly observedMs: number }
  | {
      readonly type: 'snapshot';
      readonly accounts: IngestAccounts;
      readonly status: IngestStatus;
      readonly observedMs: number;
      readonly totalNodes: number;
    }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };
