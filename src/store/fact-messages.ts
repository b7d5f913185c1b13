// The messages between the main thread and a writer's thread that stores facts: plain data. Messages of one direction
// arrive in the order sent. A program adds messages of its own.

import type { ErrorCode } from '../lib/errors.ts';
import type { StorageStatus } from './writer-health.ts';

/** A fact of any program: its literal `type` names its kind, also in the log. */
export interface AnyFact {
  readonly type: string;
}

/** Facts of one moment. */
export interface FactGroup<Fact> {
  readonly facts: readonly Fact[];
  /** The program's clock when they were told, in ms. */
  readonly toldAtMs: number;
}

/** A {@link FactGroup} on its way to the writer. */
export interface FactsMessage<Fact> extends FactGroup<Fact> {
  readonly type: 'facts';
  /** Ascending by 1 for each message of a run. */
  readonly sequence: number;
  /** True if somebody waits until they are on the disk. */
  readonly isAwaited: boolean;
}

/** Messages of the main thread to the writer's. */
export type MainToFactWriter<Fact> = FactsMessage<Fact> | { readonly type: 'stop' };

/** State of a writer; sent once a second. */
export interface FactWriterStatus extends StorageStatus {
  /** Facts that could not be stored because of their own values, which is a defect of the program. */
  readonly unstorableFacts: number;
}

/** What a program says in its writer's messages. */
export interface WriterTerms {
  /** What the file knows that the program goes on with. */
  readonly opened: object;
  /** What a commit did besides storing the facts. */
  readonly report: unknown;
  readonly status: FactWriterStatus;
  /** Messages that only this program has; `never` without any. */
  readonly own: unknown;
}

/** Messages of the writer's thread to the main thread. */
export type FactWriterToMain<Terms extends WriterTerms> =
  /** The first message, or the last before the thread ends. */
  | { readonly type: 'opened'; readonly opened: Terms['opened'] }
  /** Every message up to `sequence` is stored, and on the disk if somebody waits for it; 0 names none. */
  | { readonly type: 'committed'; readonly sequence: number; readonly report: Terms['report'] }
  | { readonly type: 'status'; readonly status: Terms['status'] }
  | { readonly type: 'own'; readonly own: Terms['own'] }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  /** The file cannot be opened, or can never be written again. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };

/** What tests may change in a writer's thread that an operator cannot. */
export interface WriterSeams {
  /** SQLite's max_page_count before every commit, 0 for none: simulates a full disk, and space again. */
  readonly pagesMax?: Int32Array;
}

/** The data with which a writer's thread is started; a program adds its own. */
export interface FactThreadData {
  /** The path of the database. */
  readonly path: string;
  readonly seams: WriterSeams;
}
