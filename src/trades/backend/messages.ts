// The messages between the main thread and the thread that owns the database: plain data, one union for each direction.

import type { ErrorCode } from '../../lib/errors.ts';
import type { StorageStatus } from '../../store/writer-health.ts';
import type { VerificationKey } from '../domain/verification-key.ts';
import type { IngestQuestions } from './reports.ts';
import type { IngestCounts } from './summary-rows.ts';

/** A public key whose summaries are taken. */
export interface IngestKey extends VerificationKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
}

/** What tests may change in the thread that an operator cannot. */
export interface IngestSeams {
  /** SQLite's max_page_count before every commit, 0 for none: simulates a full disk, and space again. */
  readonly pagesMax?: Int32Array;
  /** Maximum number of clients. */
  readonly clientsMax?: number;
}

/** The data with which the thread is started. */
export interface IngestThreadData {
  readonly path: string;
  readonly seams: IngestSeams;
}

/** Why a summary is refused for good: sending it again unchanged changes nothing, except for `clients_full`. */
export const REFUSAL_CODES = [
  'bad_summary',
  'wrong_idempotency_key',
  'unknown_key',
  'wrong_signature',
  'clients_full',
] as const;
/** One of {@link REFUSAL_CODES}. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** What became of a summary. */
export type IngestOutcome =
  | { readonly type: 'stored' | 'repeated'; readonly digest: string }
  /** The sentence repeats nothing that the sender wrote. */
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly sentence: string }
  /** The database takes nothing at the moment; nothing of the summary is stored. */
  | { readonly type: 'unavailable' };

/** A question to the database. */
export type AskMessage = {
  [Name in keyof IngestQuestions]: {
    readonly type: 'ask';
    readonly id: number;
    readonly name: Name;
    readonly argument: IngestQuestions[Name]['argument'];
  };
}[keyof IngestQuestions];

/** A body to verify and store. */
export interface IngestMessage {
  readonly type: 'ingest';
  readonly id: number;
  readonly body: Uint8Array;
  /** The header `Idempotency-Key`; null without one. */
  readonly expectedDigest: string | null;
}

/** Messages of the main thread. */
export type MainToIngest =
  | { readonly type: 'keys'; readonly keys: readonly IngestKey[] }
  | IngestMessage
  | AskMessage
  | { readonly type: 'stop' };

/** State of the database; sent once a second and after each summary. */
export interface IngestStatus extends StorageStatus {
  readonly counts: IngestCounts;
}

/** Messages of the thread. */
export type IngestToMain =
  | { readonly type: 'opened'; readonly status: IngestStatus }
  | { readonly type: 'ingested'; readonly id: number; readonly outcome: IngestOutcome }
  | { readonly type: 'answered'; readonly id: number; readonly answer: unknown }
  /** The database could not be read; the log says why. */
  | { readonly type: 'unanswered'; readonly id: number }
  | { readonly type: 'status'; readonly status: IngestStatus }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  /** The file cannot be opened, or can never be written again. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };
