// The witness that watches a simulated process from outside and knows the truth, and the events that it gets.

import type { Outcome } from '../../../src/federation/domain/accounting.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import type { Publication } from './simulated-broker.ts';

/** A message as the source read it. */
export interface ReadMessage extends Publication {
  /** Null on plain NATS. */
  readonly seq: number | null;
  readonly atMs: number;
  /** True time when it was sent. */
  readonly trueMs: number;
  /** Which of the broker's streams it was read from; 0 on plain NATS. */
  readonly generation: number;
  /** The stream's first sequence at that moment. */
  readonly streamFirstSeq: number;
  /** The mark of the witness when the message was read. */
  readonly mark: object;
}

/** A step of retention that rode in a commit. */
export interface Pruning {
  readonly cutoffMs: number;
  readonly rows: number;
}

/** Watches the process from outside and knows the truth. */
export interface Witness {
  /** A moment to be remembered. */
  mark(): object;
  /** The broker was heard; `catchingUp` is what the process thinks. */
  heard(catchingUp: boolean): void;
  /** The process begins to read at `nextSeq`, the stream reaching to `targetSeq`. */
  attached(nextSeq: number, targetSeq: number): void;
  lost(): void;
  /** The broker answered while the process was not reading: its clock stands still. */
  heldBack(): void;
  /** The next sequence that the process will read. */
  readTo(nextSeq: number): void;
  /** The writer tells main the observed clock as it was at `mark`. */
  took(mark: object): void;
  entered(message: ReadMessage, outcome: Outcome, observedMs: number): void;
  /** Everything entered since the last commit is undone, and will be entered again. */
  forgot(): void;
  /** What the writer has committed so far, for its report to main. */
  tell(): object;
  /** An actor decided this with the knowledge that `told` stands for. */
  decided(fact: NodeTransition, told: object): void;
  /** Whether the node has a row, or will have one with the next commit. */
  knows(nodeId: string): boolean;
  /** The actors have looked for silence with the knowledge that `told` stands for. */
  swept(told: object): void;
  /** The writer was given a tick's statistics. */
  ticked(tick: TickStatistics): void;
  /**
   * Everything entered so far is on disk, and `facts` with it. `deletionMs` is the time by which rows are deleted; null if
   * this writer has read no clock, and deletes nothing.
   */
  committed(facts: readonly NodeTransition[], pruning: Pruning | null, deletionMs: number | null): void;
  /** From one snapshot of the ledger. */
  accounted(received: number, sumOfOutcomes: number): void;
}
