// The messages between the main thread and the reader's: plain data. Messages of one direction arrive in the order sent.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { SourceSettings } from '../config/settings.ts';
import type { AgentIdentity, OpenedState } from '../domain/agent-state.ts';
import type { FactType, QueuedMessage, SetAsideReason } from '../domain/messages.ts';
import type { StatisticsRow } from '../domain/network-statistics.ts';
import type { ReaderReport } from '../domain/reader-report.ts';

/** The data with which the reader's thread is started. */
export interface ReaderThreadData extends SourceSettings {
  /** The path of the state file; null: the state is in memory, and nothing remains of it. */
  readonly path: string | null;
  readonly queueMax: number;
}

/** What main asks the reader for; each request has one answer. */
export type ReaderRequest =
  | {
      readonly type: 'take';
      readonly limit: number;
      readonly nowMs: number;
      readonly withoutTypes: readonly FactType[];
    }
  | { readonly type: 'countPresence'; readonly count: number; readonly nowMs: number }
  | { readonly type: 'confirmed'; readonly ids: readonly number[] }
  | { readonly type: 'setAside'; readonly ids: readonly number[]; readonly reason: SetAsideReason }
  | { readonly type: 'returned' }
  | { readonly type: 'keepStatistics'; readonly row: StatisticsRow }
  | { readonly type: 'setSalt'; readonly salt: string }
  | { readonly type: 'pinKey'; readonly key: PublicJwk | null }
  | { readonly type: 'forget' };

/** The answers to requests. */
export interface ReaderAnswers {
  readonly take: readonly QueuedMessage[];
  readonly countPresence: null;
  readonly confirmed: null;
  readonly setAside: null;
  readonly returned: null;
  readonly keepStatistics: null;
  /** True if another salt was known before. */
  readonly setSalt: boolean;
  readonly pinKey: AgentIdentity;
  readonly forget: AgentIdentity;
}

/** Messages of the main thread to the reader's. */
export type MainToReader =
  | { readonly type: 'request'; readonly id: number; readonly request: ReaderRequest }
  | { readonly type: 'stop' };

/** Messages of the reader's thread to the main thread. */
export type ReaderToMain =
  /** The first message, or `failed`. */
  | { readonly type: 'opened'; readonly opened: OpenedState }
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly answer: ReaderAnswers[keyof ReaderAnswers];
    }
  /** The request could not be met: the disk refuses. */
  | { readonly type: 'refused'; readonly id: number; readonly sentence: string }
  | { readonly type: 'report'; readonly report: ReaderReport }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };
