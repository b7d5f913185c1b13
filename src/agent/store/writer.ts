// The only writer of the state file. Facts, positions and messages change between `begin` and `commit`, everything else in
// a transaction of its own. If a transaction fails, neither the file nor the memory has changed. It decides nothing about
// facts.

import { type Database, durably } from '../../store/database.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import { FactKeys } from '../domain/fact-key.ts';
import {
  ACTIVE_MS,
  type AwaitedCompletion,
  type CountName,
  type FactKey,
  type FactKind,
  type FactOutcome,
  type FactToRemember,
  type KnownFact,
  type MessageToQueue,
  type OpenExecution,
  type ReaderStore,
  type StatePhase,
} from '../domain/fact-store.ts';
import type { FactType, NodeCounts, QueuedMessage, SentWindow } from '../domain/messages.ts';
import type { StatisticsRow } from '../domain/network-statistics.ts';
import type { SourceKind, StoredPosition } from '../domain/source-facts.ts';
import type { FactCount } from '../domain/view.ts';
import { ExecutionRows } from './execution-rows.ts';
import { dayOf, FactRows, FORGOTTEN_AFTER_DAYS, ownDayOf } from './fact-rows.ts';
import { FactsOfProcess } from './facts-of-process.ts';
import type { KeptIdentity } from './identity-file.ts';
import { readIdentity, writeIdentity } from './identity-row.ts';
import { AwaitedRows, type MessageRows, OutboxRows, SentRows } from './outbox-rows.ts';
import { PositionRows } from './position-rows.ts';
import { type MessageEnds, StateValues } from './state-values.ts';
import { StatisticsRows } from './statistics-row.ts';

/** What tests and other uses of a state may set. */
export interface WriterOptions {
  readonly factsMax?: number;
  readonly executionsMax?: number;
  /** Where messages wait instead of the database. What a transaction that fails put there stays. */
  readonly outbox?: MessageRows;
}

interface Rows {
  readonly values: StateValues;
  readonly facts: FactRows;
  readonly executions: ExecutionRows;
  readonly outbox: MessageRows;
  readonly awaited: AwaitedRows;
}

/** The state of an agent. Only one may exist per database. */
export class StateWriter implements ReaderStore {
  isOpen = false;
  readonly keys: FactKeys;
  readonly #database: Database;
  readonly #options: WriterOptions;
  readonly #positions: PositionRows;
  readonly #sent: SentRows;
  readonly #statistics: StatisticsRows;
  readonly #localKey: Buffer;
  #identity: AgentIdentity;
  #rows: Rows;
  /** True if the memory may hold what was undone in the file. */
  #isStale = false;
  readonly #counted = new FactsOfProcess();

  /** The database has an identity already. */
  constructor(database: Database, options: WriterOptions = {}) {
    this.#database = database;
    this.#options = options;
    const row = readIdentity(database);
    if (row === null) throw new RangeError('the state has no identity');
    this.#identity = row.identity;
    this.#localKey = row.localKey;
    this.keys = new FactKeys(row.localKey);
    this.#positions = new PositionRows(database);
    this.#sent = new SentRows(database);
    this.#statistics = new StatisticsRows(database);
    this.#rows = this.#readRows();
  }

  get identity(): AgentIdentity {
    return this.#identity;
  }

  /** What `DB_PATH.identity` has to hold. */
  get keptIdentity(): KeptIdentity {
    const { commits, sinceMs } = this.values;
    return { identity: this.#identity, localKey: this.#localKey, commits, sinceMs };
  }

  /** The single values, to read. */
  get values(): Pick<StateValues, 'commits' | 'sinceMs' | 'factCounts' | 'messageEnds'> {
    return this.#rows.values;
  }

  get phase(): StatePhase {
    return this.#rows.values.phase;
  }

  get sinceMs(): number {
    return this.#rows.values.sinceMs;
  }

  get salt(): string | null {
    return this.#rows.values.text('salt');
  }

  get waiting(): number {
    return this.#rows.outbox.waiting;
  }

  /** The id of the newest message in the outbox; 0 if it is empty. */
  get newestId(): number {
    return this.#rows.outbox.newestId();
  }

  get awaiting(): number {
    return this.#rows.awaited.waiting;
  }

  /** The facts of this process, by kind, source and outcome. */
  factsOfProcess(): readonly FactCount[] {
    return this.#counted.all();
  }

  positions(): readonly StoredPosition[] {
    return this.#positions.all();
  }

  window(nowMs: number): SentWindow {
    return this.#sent.window(nowMs);
  }

  statistics(): StatisticsRow | null {
    return this.#statistics.read();
  }

  counts(nowMs: number): NodeCounts {
    const { values, executions } = this.#rows;
    return { active: executions.receivedSince(nowMs - ACTIVE_MS + 1), ...values.nodeCounts };
  }

  begin(): void {
    if (this.#isStale) this.#rows = this.#readRows();
    this.#isStale = false;
    this.#database.exec('BEGIN IMMEDIATE');
    this.isOpen = true;
  }

  commit(): void {
    try {
      const { values, facts, executions } = this.#rows;
      values.add('commits');
      values.write();
      facts.write();
      executions.write();
      this.#database.exec('COMMIT');
      values.committed();
      facts.committed();
      executions.committed();
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.isOpen = false;
    this.#counted.committed();
  }

  rollback(): void {
    this.isOpen = false;
    // SQLite itself ends a transaction after some errors, for example of a full disk.
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
    this.#counted.undone();
    try {
      this.#rows = this.#readRows();
    } catch {
      // What prevented the transaction may prevent reading too: the next transaction tries again first.
      this.#isStale = true;
    }
  }

  /**
   * Runs a change in a transaction of its own; `isDurable`: it is on the disk afterwards, even if the power fails. Throws
   * the reason if it fails, and has changed nothing then.
   */
  change<Result>(work: () => Result, isDurable: boolean): Result {
    const run = () => {
      this.begin();
      let result: Result;
      try {
        result = work();
      } catch (error) {
        this.rollback();
        throw error;
      }
      this.commit();
      return result;
    };
    return isDurable ? durably(this.#database, run) : run();
  }

  keyOf(kind: FactKind, id: string): FactKey {
    return this.keys.of(kind, id);
  }

  shown(kind: FactKind, key: FactKey, source: SourceKind, nowMs: number): KnownFact | null {
    const today = dayOf(nowMs);
    const fact = this.#rows.facts.shown(kind, key, today);
    if (fact !== null && source === 'events') this.#rows.values.set('shown_day', today);
    return fact;
  }

  find(kind: FactKind, key: FactKey): KnownFact | null {
    return this.#rows.facts.find(kind, key);
  }

  mayBeEvicted(atMs: number | null, nowMs: number): boolean {
    const { evictedDay } = this.#rows.values;
    return evictedDay !== null && ownDayOf(atMs, dayOf(nowMs)) <= evictedDay;
  }

  get mayCompletedComeFirst(): boolean {
    return this.#rows.values.number('completed_first') > 0;
  }

  remember(fact: FactToRemember, nowMs: number): void {
    const { facts, values } = this.#rows;
    facts.add(fact, dayOf(nowMs));
    const evictedDay = facts.makeRoom(dayOf(nowMs));
    if (evictedDay !== null) values.set('evicted_day', Math.max(evictedDay, values.evictedDay ?? evictedDay));
  }

  setChain(key: FactKey, chainId: string): void {
    this.#rows.facts.setChain(key, chainId);
  }

  execution(key: FactKey): OpenExecution | null {
    return this.#rows.executions.get(key);
  }

  keepExecution(key: FactKey, execution: OpenExecution, touchedMs: number): void {
    this.#rows.executions.set(key, execution, touchedMs);
  }

  begun(fromMs: number, toMs: number): readonly FactKey[] {
    return this.#rows.executions.begun(fromMs, toMs);
  }

  queue(message: MessageToQueue): void {
    const { values, outbox } = this.#rows;
    values.add('message_ids');
    outbox.add(values.number('message_ids'), message);
  }

  awaitMetrics(key: FactKey, completion: AwaitedCompletion): void {
    this.#rows.awaited.add(key, completion);
  }

  takeAwaited(key: FactKey): AwaitedCompletion | null {
    return this.#rows.awaited.take(key);
  }

  get newestAwaited(): number {
    return this.#rows.awaited.newest;
  }

  takeOldestAwaited(limit: number, upTo: number): readonly AwaitedCompletion[] {
    return this.#rows.awaited.takeOldest(limit, upTo);
  }

  count(name: CountName): void {
    this.#rows.values.add(name);
  }

  countFact(kind: FactKind, source: SourceKind, outcome: FactOutcome): void {
    this.#rows.values.add(outcome);
    this.#counted.add(kind, source, outcome);
  }

  setPosition(position: StoredPosition, dropped: readonly string[]): void {
    this.#positions.set(position);
    for (const key of dropped) this.#positions.drop(position.source, key);
  }

  endPhase(): void {
    this.#rows.values.set('phase', 'kept');
  }

  /** The oldest messages, at most `limit`: of each type those behind its id in `after`; of a type without one, none. */
  nextMessages(
    isHistory: boolean,
    after: ReadonlyMap<FactType, number>,
    limit: number,
  ): readonly QueuedMessage[] {
    return this.#rows.outbox.next(isHistory, after, limit);
  }

  /** Messages left: they count for the pace. */
  sent(count: number, nowMs: number): void {
    this.#sent.add(count, nowMs);
  }

  /** Messages leave the outbox for good; ids that are not there are passed over. */
  remove(ids: readonly number[], end: keyof MessageEnds): void {
    const { values, outbox } = this.#rows;
    const removed = ids.filter((id) => outbox.remove(id)).length;
    values.add(end === 'confirmed' ? 'confirmed' : 'set_aside', removed);
  }

  keepStatistics(row: StatisticsRow): void {
    this.#statistics.keep(row);
  }

  setSalt(salt: string): void {
    this.#rows.values.set('salt', salt);
  }

  /** Changes the identity; a new node id also stands in every message that waits. */
  setIdentity(identity: AgentIdentity): void {
    const { nodeId } = this.#identity;
    writeIdentity(this.#database, { identity, localKey: this.#localKey });
    if (identity.nodeId !== nodeId) this.#rows.outbox.rename(nodeId, identity.nodeId);
    this.#identity = identity;
  }

  forgetExecutions(beforeMs: number): void {
    this.#rows.executions.forgetBefore(beforeMs);
  }

  isForgettingDue(nowMs: number): boolean {
    return this.#rows.values.number('forgot_day') < dayOf(nowMs);
  }

  /**
   * Forgets facts that were shown last more than {@link FORGOTTEN_AFTER_DAYS} days ago. With `isShownAgain` only days count
   * on which the source showed known facts: an event file that has not changed for a hundred days is not read whole, but
   * still holds its facts.
   */
  forgetStep(nowMs: number, isShownAgain: boolean): void {
    const { values, facts } = this.#rows;
    const today = dayOf(nowMs);
    const lastDay = isShownAgain ? Math.min(today, values.number('shown_day')) : today;
    if (facts.forgetStep(lastDay - FORGOTTEN_AFTER_DAYS)) values.set('forgot_day', today);
  }

  #readRows(): Rows {
    const { factsMax, executionsMax } = this.#options;
    const row = readIdentity(this.#database);
    if (row !== null) this.#identity = row.identity;
    return {
      values: new StateValues(this.#database),
      facts: new FactRows(this.#database, factsMax),
      executions: new ExecutionRows(this.#database, executionsMax),
      outbox: this.#options.outbox ?? new OutboxRows(this.#database),
      awaited: new AwaitedRows(this.#database),
    };
  }
}
