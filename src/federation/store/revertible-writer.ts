// A writer that can return to its last commit. To revert, it makes a new writer from the file, which knows nothing that
// was merged since. Changes that do not come from messages (moves in the stream, transitions, statistics) are kept
// until they are committed, and are replayed into the new writer. The caller merges the messages again.

import type { NodeTransition } from '../../lifecycle/node-state.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import { WAITING_TICKS_MAX } from './statistics-rows.ts';
import type { FederationWriter } from './writer.ts';

type Move = (writer: FederationWriter) => void;

/** Wraps the present {@link FederationWriter} and replaces it on revert. */
export class RevertibleWriter {
  /** Lost messages and contradicting completions since the process started, at the last commit. */
  found: { readonly lost: number; readonly disagreements: number } = { lost: 0, disagreements: 0 };
  readonly #open: (aggregatorId: string | null) => FederationWriter;
  #writer: FederationWriter;
  /** The counters of earlier writers at their last commit. */
  #carried = this.found;
  #attachedTo: { readonly stream: string; readonly incarnation: string } | null = null;
  #moves: Move[] = [];
  #transitions: NodeTransition[] = [];
  #ticks: TickStatistics[] = [];
  /** Messages shed since the last commit. */
  #shed = 0;
  #spoiltBy: { readonly error: unknown } | null = null;

  /**
   * `open` makes a writer from the file. Its argument is the aggregator's id, or null for the configured or stored one.
   * Throws the errors of `open`.
   */
  constructor(open: (aggregatorId: string | null) => FederationWriter) {
    this.#open = open;
    this.#writer = open(null);
  }

  /** The present writer, for merging messages and for reading. */
  get current(): FederationWriter {
    return this.#writer;
  }

  /** True if merging was interrupted by an error: the changes in memory are incomplete and must be reverted. */
  get isSpoilt(): boolean {
    return this.#spoiltBy !== null;
  }

  /** Records that merging was interrupted by this error. The next commit throws it. */
  spoil(error: unknown): void {
    this.#spoiltBy ??= { error };
  }

  /**
   * Attaches to a stream. Throws SQLite's error if the stored position cannot be read: the caller then spoils this
   * writer, and attaches again after the revert.
   */
  attach(stream: StreamFacts, storedAtMs: number | null): void {
    const move: Move = ({ position }) => position.attach(stream, storedAtMs);
    move(this.#writer);
    this.remember(move);
  }

  nothingUpTo(seq: number): void {
    this.#move(({ position }) => position.nothingUpTo(seq));
  }

  detach(): void {
    this.#move(({ position }) => position.detach());
  }

  /** The ingest thread has taken and committed every message that was stored before the newest change of a key. */
  settleKeys(): void {
    this.#move((writer) => writer.settleKeys());
  }

  /** Stores a transition with the next commit. */
  transition(fact: NodeTransition): void {
    this.#transitions.push(fact);
    this.#try((writer) => writer.transition(fact));
  }

  /** Records shed messages with the next commit. */
  shed(messages: number): void {
    this.#shed += messages;
    this.#try((writer) => writer.shed(messages));
  }

  /** Stores a tick's rows with the next commit. */
  statistics(tick: TickStatistics): void {
    this.#ticks.push(tick);
    if (this.#ticks.length > WAITING_TICKS_MAX) this.#ticks.shift();
    this.#try((writer) => writer.statistics(tick));
  }

  /** Commits everything merged since the last commit. If that fails it throws the reason and changes nothing. */
  commit(nowMs: number, observedMs: number): NodeSign[] {
    if (this.#spoiltBy !== null) throw this.#spoiltBy.error;
    const signs = this.#writer.commit(nowMs, observedMs);
    this.#forget();
    this.#attachedTo = this.#writer.position.attachedTo;
    this.found = {
      lost: this.#carried.lost + this.#writer.position.lostSinceStart,
      disagreements: this.#carried.disagreements + this.#writer.disagreements,
    };
    return signs;
  }

  /**
   * Returns to the last commit, and replays the changes that did not come from messages. Throws SQLite's error, and can
   * be repeated.
   */
  revert(): void {
    this.#spoiltBy ??= { error: new Error('a revert broke off') };
    const writer = this.#open(this.#writer.aggregatorId);
    if (this.#attachedTo !== null) writer.position.resume(this.#attachedTo);
    for (const move of this.#moves) move(writer);
    for (const fact of this.#transitions) writer.transition(fact);
    for (const tick of this.#ticks) writer.statistics(tick);
    writer.shed(this.#shed);
    this.#writer = writer;
    this.#carried = this.found;
    this.#spoiltBy = null;
  }

  /** Drops transitions and statistics since the last commit, then reverts. Moves in the stream are kept. */
  dropFacts(): void {
    this.#transitions = [];
    this.#ticks = [];
    this.revert();
  }

  /**
   * Keeps a change that was just made to the writer, to be repeated on a new writer if a revert comes before the next
   * commit.
   */
  remember(move: Move): void {
    this.#moves.push(move);
  }

  #move(move: Move): void {
    this.remember(move);
    this.#try(move);
  }

  /** A failure is kept and thrown by the next commit, where its fate is decided. */
  #try(merge: (writer: FederationWriter) => void): void {
    if (this.#spoiltBy !== null) return;
    try {
      merge(this.#writer);
    } catch (error) {
      this.spoil(error);
    }
  }

  #forget(): void {
    this.#shed = 0;
    this.#moves = [];
    this.#transitions = [];
    this.#ticks = [];
  }
}
