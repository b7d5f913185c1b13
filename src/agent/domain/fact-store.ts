// What the stage `ingest` needs of the store: the memory of facts, of executions under way and of what waits to be sent.
// Interfaces and plain data; the store implements them.

import type { FactType } from './messages.ts';
import type { ExecutionMetrics, SourceKind, StoredPosition } from './source-facts.ts';

/** Kinds of facts that are remembered and become messages. */
export const FACT_KINDS = ['received', 'completed', 'invoice'] as const;
/** One of {@link FACT_KINDS}. */
export type FactKind = (typeof FACT_KINDS)[number];

/** What became of a fact that a source showed. */
export type FactOutcome = 'known' | 'remembered' | 'queued';

/**
 * Which part of its life the state is in. `first`: until what the sources held at the very first start was read. `anew`: the
 * same, after an earlier state was lost. `kept`: from then on.
 */
export type StatePhase = 'first' | 'anew' | 'kept';

/** How long a received task counts as active, in ms. */
export const ACTIVE_MS = 600_000;

/** A name of `FactKeys`. */
export type FactKey = Buffer;

/** A remembered fact. */
export interface KnownFact {
  /** The chain of a received task; null if unknown, and for the other kinds. */
  readonly chainId: string | null;
}

/** A fact to be remembered. */
export interface FactToRemember extends KnownFact {
  readonly kind: FactKind;
  readonly key: FactKey;
  /** The fact's own time in ms since the epoch; null if its source has none. */
  readonly atMs: number | null;
}

/** An execution about which more is expected. Its key is that of the fact `received`. */
export interface OpenExecution {
  /** When it was received, in ms since the epoch, while it is not completed; null otherwise, and if unknown. */
  readonly receivedMs: number | null;
  /** When the log says that it began, in ms since the epoch; null again when the log says that it was completed. */
  readonly startedMs: number | null;
  /** What the log said about it, not used yet. */
  readonly metrics: ExecutionMetrics | null;
}

/** A completion that waits for the log's metrics. The raw id is not kept: `taskIdHash` was made with the salt of its time. */
export interface AwaitedCompletion {
  readonly taskIdHash: string;
  readonly chainId: string | null;
  /** The fact's own time, or the time of reading, in ms since the epoch. */
  readonly atMs: number;
  readonly isHistory: boolean;
}

/** A message that enters the outbox. */
export interface MessageToQueue {
  readonly type: FactType;
  readonly payload: string;
  readonly isHistory: boolean;
}

/** Numbers of a state that only grow. */
export type CountName = 'received' | 'completed' | 'failed' | 'invoices' | 'total' | 'completed_first';

/** Everything that is changed between `begin` and `commit` of the store. If anything throws, the caller rolls back. */
export interface FactStore {
  keyOf(kind: FactKind, id: string): FactKey;
  /** The fact, which a source shows at this moment; null if it is not known. */
  shown(kind: FactKind, key: FactKey, source: SourceKind, nowMs: number): KnownFact | null;
  /** The fact without a note that it was shown; null if it is not known. */
  find(kind: FactKind, key: FactKey): KnownFact | null;
  /** True for an unknown fact that may be one of those that had to make room: it counts as known. */
  mayBeEvicted(atMs: number | null, nowMs: number): boolean;
  /** False: every completion that is known came after the receipt of its task. */
  readonly mayCompletedComeFirst: boolean;
  remember(fact: FactToRemember, nowMs: number): void;
  /** A later source knows the chain of a received task. */
  setChain(key: FactKey, chainId: string): void;

  execution(key: FactKey): OpenExecution | null;
  /**
   * Keeps what is known of an execution; one without any content is forgotten. `touchedMs` is when it was heard of by this
   * machine: by the time of the entry, what a history tells would be forgotten between two looks.
   */
  keepExecution(key: FactKey, execution: OpenExecution, touchedMs: number): void;
  /** Keys of the executions that the log has begun and not completed, which began from `fromMs` to `toMs`; at most 2. */
  begun(fromMs: number, toMs: number): readonly FactKey[];

  queue(message: MessageToQueue): void;
  awaitMetrics(key: FactKey, completion: AwaitedCompletion): void;
  /** Takes the completion of this execution out of those that wait; null if none waits. */
  takeAwaited(key: FactKey): AwaitedCompletion | null;

  count(name: CountName): void;
  countFact(kind: FactKind, source: SourceKind, outcome: FactOutcome): void;
}

/** A transaction over a {@link FactStore}, which may span several turns of the event loop. */
export interface FactTransactions extends FactStore {
  /** True between `begin` and `commit` or `rollback`. */
  readonly isOpen: boolean;
  readonly phase: StatePhase;
  /** When this state, or the first one of this identity, was made; in ms since the epoch. */
  readonly sinceMs: number;
  /** Messages in the outbox. */
  readonly waiting: number;
  /** Completions that wait for metrics. */
  readonly awaiting: number;
  begin(): void;
  /** Throws the reason if it fails; then everything since `begin` is undone already. */
  commit(): void;
  /** Undoes everything since `begin`. */
  rollback(): void;
  setPosition(position: StoredPosition, dropped: readonly string[]): void;
  /** What the sources held at the start was read. */
  endPhase(): void;
}

/** What the reader's loop needs of the store besides. */
export interface ReaderStore extends FactTransactions {
  /** The number of the completion that began to wait last; numbers rise. 0 if none ever did. */
  readonly newestAwaited: number;
  /** Takes the oldest completions up to this number, at most `limit`, out of those that wait. */
  takeOldestAwaited(limit: number, upTo: number): readonly AwaitedCompletion[];
  /** Forgets executions that were heard of last before this time. */
  forgetExecutions(beforeMs: number): void;
  /** True until all facts were looked at on this day. */
  isForgettingDue(nowMs: number): boolean;
  /**
   * Makes one step of forgetting facts that no source has shown for a long time. `isShownAgain`: a source shows all its
   * facts again and again.
   */
  forgetStep(nowMs: number, isShownAgain: boolean): void;
}
