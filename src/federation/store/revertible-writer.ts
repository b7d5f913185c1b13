// A writer that can return to its last commit. To revert, it makes a new writer from the file, which knows nothing that
// was merged since. Changes that do not come from messages (moves in the stream, transitions, statistics) are kept
// until they are committed, and are replayed into the new writer. The caller merges the messages again.

import {
  type Membership,
  type ReplicaPosition,
  type Source,
  sourceName,
  type StoredCommand,
} from '../domain/cluster.ts';
import type { ToldEvent } from '../domain/events.ts';
import type { Identity } from '../domain/identity.ts';
import type { RoundHeader } from '../domain/round.ts';
import type { NodeTransition } from '../../lifecycle/node-state.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import { applyCommands } from './apply-commands.ts';
import type { OpenRound } from './log-rounds.ts';
import { WAITING_TICKS_MAX } from './statistics-rows.ts';
import type { FederationWriter } from './writer.ts';

/** A round was passed over, because what follows `upto` of its source is missing. */
export interface Hole {
  readonly source: Source;
  readonly upto: number;
}

/** Maximum number of events of the aggregator that are kept for a revert while the database refuses. */
const WAITING_EVENTS_MAX = 1_000;
const NO_HOLES: readonly Hole[] = [];

type Move = (writer: FederationWriter) => void;

/** Wraps the present {@link FederationWriter} and replaces it on revert. */
export class RevertibleWriter {
  /** Lost messages, contradicting completions and holes of a log since the process started, at the last commit. */
  found: { readonly lost: number; readonly disagreements: number; readonly holes: number } = {
    lost: 0,
    disagreements: 0,
    holes: 0,
  };
  /** How far this replica of a cluster had applied its log at the last commit; null without a cluster. */
  replica: ReplicaPosition | null;
  readonly #open: (aggregatorId: string | null) => FederationWriter;
  #writer: FederationWriter;
  /** The counters of earlier writers at their last commit. */
  #carried = this.found;
  #attachedTo: { readonly stream: string; readonly incarnation: string } | null = null;
  /** True if a log is read; then the round that was open at the last commit. */
  #isLogRead = false;
  #openRound: OpenRound | null = null;
  readonly #holes = new Map<string, Hole>();
  #moves: Move[] = [];
  #transitions: NodeTransition[] = [];
  #ticks: TickStatistics[] = [];
  #events: ToldEvent[] = [];
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
    this.replica = this.#replica();
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
    this.#move(({ position, rounds }) => (rounds.isFollowed ? rounds.leave() : position.detach()));
  }

  /** Attaches to a log, whose rounds come next. */
  attachLog(log: StreamFacts): void {
    this.#move((writer) => writer.attachLog(log));
  }

  /** A round begins. Not repeated by a revert: the caller merges it again. */
  beginRound(header: RoundHeader, logSeq: number): void {
    const { rounds, position } = this.#writer;
    if (rounds.begin(header, logSeq) !== 'missing') return;
    const { source } = header;
    this.#holes.set(sourceName(source), { source, upto: position.reachOf(source)?.upto ?? header.first - 1 });
  }

  /** The holes found since the last call, one of each source. */
  takeHoles(): readonly Hole[] {
    if (this.#holes.size === 0) return NO_HOLES;
    const holes = [...this.#holes.values()];
    this.#holes.clear();
    return holes;
  }

  /** The round with this sequence of the log ends; the commands that count up to its watermark are applied. */
  endRound(logSeq: number): void {
    const watermarkMs = this.#writer.rounds.end(logSeq);
    if (watermarkMs !== null && watermarkMs >= this.#writer.commands.dueMs)
      applyCommands(this.#writer, watermarkMs);
  }

  /**
   * Accepts the next message of the stream, or of the open round; false if it was accepted before. Commands that count
   * from its time on are applied first.
   */
  take(seq: number, atMs: number): boolean {
    const writer = this.#writer;
    if (!writer.position.take(seq, atMs)) return false;
    if (atMs >= writer.commands.dueMs) applyCommands(writer, atMs);
    return true;
  }

  /** Learns commands with the next commit; each is applied when the log reaches its time. */
  know(commands: readonly StoredCommand[]): void {
    this.#move((writer) => writer.commands.know(commands));
  }

  /** Makes the database that of a cluster's partition with the next commit. */
  join(membership: Membership, identity: Identity, aggregatorId: string): void {
    this.#move((writer) => writer.join(membership, identity, aggregatorId));
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

  /** Appends an event of the aggregator with the next commit. */
  event(event: ToldEvent): void {
    this.#events.push(event);
    if (this.#events.length > WAITING_EVENTS_MAX) this.#events.shift();
    this.#try((writer) => writer.event(event));
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
    const { position, rounds, disagreements } = this.#writer;
    this.#attachedTo = position.attachedTo;
    this.#isLogRead = rounds.isFollowed;
    this.#openRound = rounds.open;
    this.found = {
      lost: this.#carried.lost + position.lostSinceStart,
      disagreements: this.#carried.disagreements + disagreements,
      holes: this.#carried.holes + rounds.holesSinceStart,
    };
    this.replica = this.#replica();
    return signs;
  }

  /**
   * Returns to the last commit, and replays the changes that did not come from messages. Throws SQLite's error, and can
   * be repeated.
   */
  revert(): void {
    this.#spoiltBy ??= { error: new Error('a revert broke off') };
    const writer = this.#open(this.#writer.aggregatorId);
    if (this.#isLogRead) writer.resumeLog(this.#openRound);
    else if (this.#attachedTo !== null) writer.position.resume(this.#attachedTo);
    for (const move of this.#moves) move(writer);
    for (const fact of this.#transitions) writer.transition(fact);
    for (const tick of this.#ticks) writer.statistics(tick);
    for (const event of this.#events) writer.event(event);
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

  #replica(): ReplicaPosition | null {
    const replica = this.#writer.replica();
    return replica === null ? null : { ...replica, holes: this.found.holes };
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
    this.#events = [];
  }
}
