// What trades says in the messages between the main thread and the writer's: plain data.

import type { FactThreadData, FactWriterStatus } from '../../store/fact-messages.ts';
import type { StoredWaiting } from '../domain/questions.ts';
import type { CommitReport, Kept } from '../store/writer.ts';

/** The data with which the writer's thread is started. */
export interface WriterThreadData extends FactThreadData {
  /** Days for which delivered entries are kept; 0 for ever. */
  readonly retentionDays: number;
}

/** What the file knows that the program goes on with. */
export interface Opened extends Kept {
  /** Entries that are to be delivered, by ascending id; `place` has their order. */
  readonly waiting: readonly StoredWaiting[];
}

/** What trades says in its writer's messages. */
export interface TradesTerms {
  readonly opened: Kept;
  readonly report: readonly CommitReport[];
  readonly status: FactWriterStatus;
  /** The next page of the entries that wait; pages come before `opened`. */
  readonly own: readonly StoredWaiting[];
}
