// The writer, able to go back to its last commit: a writer made anew from the file knows nothing of what was merged since.
// What came beside the messages (moves in the stream, transitions, statistics) is remembered until it is committed and
// given to the new writer again; messages are for the caller to merge again.

import type { NodeTransition } from '../../lifecycle/node-state.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { StreamFacts } from './position.ts';
import { WAITING_TICKS_MAX } from './statistics-rows.ts';
import type { FederationWriter } from './writer.ts';

type Move = (writer: FederationWriter) => void;

export class RevertibleWriter {
  /** Messages found missing since the process started, and completions that contradicted, as of the last commit. */
  found: { readonly lost: number; readonly disagreements: number } = { lost: 0, disagreements: 0 };
  readonly #open: (aggregatorId: string | null) => FederationWriter;
  #writer: FederationWriter;
  /** What the counters of earlier writers had at their last commit. */
  #carried = this.found;
  #attachedTo: { readonly stream: string; readonly incarnation: string } | null = null;
  #moves: Move[] = [];
  #transitions: NodeTransition[] = [];
  #ticks: TickStatistics[] = [];
  /** Messages thrown away since the last commit. */
  #shed = 0;
  #spoiltBy: { readonly error: unknown } | null = null;

  /** `open` makes a writer from the file; null stands for the aggregator's id as set or kept. Throws what it throws. */
  constructor(open: (aggregatorId: string | null) => FederationWriter) {
    this.#open = open;
    this.#writer = open(null);
  }

  /** The writer of this moment; for merging messages, and for reading. */
  get current(): FederationWriter {
    return this.#writer;
  }

  /** True if merging broke off: what is in memory is half done and must be reverted. */
  get isSpoilt(): boolean {
    return this.#spoiltBy !== null;
  }

  /** Merging broke off with this error. */
  spoil(error: unknown): void {
    this.#spoiltBy ??= { error };
  }

  attach(stream: StreamFacts, storedAtMs: number | null): void {
    this.#move(({ position }) => position.attach(stream, storedAtMs));
  }

  nothingUpTo(seq: number): void {
    this.#move(({ position }) => position.nothingUpTo(seq));
  }

  detach(): void {
    this.#move(({ position }) => position.detach());
  }

  /** Every message that was stored before the newest change of a key has been taken and is committed. */
  settleKeys(): void {
    this.#move((writer) => writer.settleKeys());
  }

  /** Stores a transition with the next commit. */
  transition(fact: NodeTransition): void {
    this.#transitions.push(fact);
    this.#try((writer) => writer.transition(fact));
  }

  /** Puts messages that were thrown away on record with the next commit. */
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

  /** Commits everything merged since the last commit, or throws why not, changing nothing. */
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

  /** Goes back to the last commit, but for what came beside the messages. Throws SQLite's error, and can be repeated. */
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

  /** Forgets what came beside the messages, but for moves in the stream. Reverts. */
  dropFacts(): void {
    this.#transitions = [];
    this.#ticks = [];
    this.revert();
  }

  /** What was just done to the writer has to be done again to one made anew before the next commit. */
  remember(move: Move): void {
    this.#moves.push(move);
  }

  #move(move: Move): void {
    this.remember(move);
    this.#try(move);
  }

  /** A failure comes up at the commit, where its fate is decided. */
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
