// The only writer of the database. A commit stores facts in one transaction, and only then the statistics in memory
// follow. A failed commit changes nothing, neither in the file nor in memory, and can be repeated.

import type { NodeSign } from '../../lifecycle/node-state.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { type Database, durably } from '../../store/database.ts';
import { StoredValues } from '../../store/stored-values.ts';
import { type Entry, type Fact, type Verdict, VERDICTS } from '../domain/facts.ts';
import { BlockRows } from './block-rows.ts';
import { Changes, HOLDS, REFUSED_BY_UPSTREAM } from './changes.ts';
import { EntryRows, InformationRows, type KeptInformation } from './entry-rows.ts';
import { HOUR_MS, OutcomeRows } from './outcome-rows.ts';
import { AccountRows, MachineRows, PairRows } from './people-rows.ts';
import { Retention } from './retention.ts';
import { Samples } from './samples.ts';
import { type Judged, SubmissionRows } from './submission-rows.ts';
import type { StatisticsMemory } from './statistics-memory.ts';
import { StatisticsRestore } from './statistics-restore.ts';

const OBSERVED = 'observed_ms';
const LAST_ENTRY = 'last_entry';
const REFUSALS: ReadonlySet<Verdict> = new Set(['refused', 'stale', 'not_assigned']);

/** Facts with the observed clock when they were told. */
export interface FactGroup {
  readonly facts: readonly Fact[];
  readonly observedMs: number;
}

/** What a commit did besides storing the facts. */
export interface CommitReport {
  /** Machines heard in it. */
  readonly signs: readonly NodeSign[];
}

/** What the file knows that the program goes on with. */
export interface Kept {
  readonly entries: readonly Entry[];
  readonly nextEntryId: number;
  readonly informations: readonly KeptInformation[];
  readonly observedMs: number;
}

/** The rows of a connection, with what they keep in memory. */
class Tables {
  readonly stored: StoredValues;
  readonly machines: MachineRows;
  readonly accounts: AccountRows;
  readonly pairs: PairRows;
  readonly blocks: BlockRows;
  readonly submissions: SubmissionRows;
  readonly entries: EntryRows;
  readonly informations: InformationRows;
  readonly outcomes: OutcomeRows;

  constructor(database: Database) {
    this.stored = new StoredValues(database);
    this.machines = new MachineRows(database);
    this.accounts = new AccountRows(database);
    this.pairs = new PairRows(database);
    this.blocks = new BlockRows(database);
    this.submissions = new SubmissionRows(database, this.blocks);
    this.entries = new EntryRows(database);
    this.informations = new InformationRows(database);
    this.outcomes = new OutcomeRows(database);
  }
}

/** Stores facts. Only one may exist per database. */
export class MiningWriter {
  readonly #database: Database;
  readonly #restore: StatisticsRestore;
  readonly #retention: Retention;
  readonly #samples: Samples;
  #tables: Tables;

  /** `retentionMs` is the age at which rows are deleted, in ms; 0: never. `nowMs` is the wall clock. */
  constructor(database: Database, retentionMs: number, nowMs: number) {
    this.#database = database;
    this.#tables = new Tables(database);
    const active = this.#tables.informations.all().find(({ isActive }) => isActive);
    this.#restore = new StatisticsRestore(database, nowMs, active?.information.height ?? null);
    this.#retention = new Retention(database, retentionMs);
    this.#samples = new Samples(database);
  }

  /** The statistics as of the last commit. */
  get statistics(): StatisticsMemory {
    return this.#restore.memory;
  }

  /** What the program goes on with. */
  kept(): Kept {
    const { entries, informations, stored } = this.#tables;
    for (const upstream of entries.upstreams()) entries.dropOld(upstream);
    return {
      entries: entries.all(),
      nextEntryId: Math.max(entries.lastId, stored.number(LAST_ENTRY)) + 1,
      informations: informations.all(),
      observedMs: stored.number(OBSERVED),
    };
  }

  /** Reads more of the statistics from the file; true when all is read. Throws SQLite's error, and can be repeated. */
  restoreStep(): boolean {
    return this.#restore.step();
  }

  /**
   * Stores facts in the order told. `isDurable`: they are on the disk afterwards, even if the power fails. If it fails
   * it throws the reason and changes nothing.
   */
  commit(groups: readonly FactGroup[], isDurable: boolean): CommitReport {
    const changes = new Changes();
    const run = this.#database.transaction(() => this.#write(groups, changes));
    try {
      if (isDurable) durably(this.#database, () => run.immediate());
      else run.immediate();
    } catch (error) {
      // What is in memory may name rows that were rolled back.
      this.#tables = new Tables(this.#database);
      throw error;
    }
    const { stored, machines, accounts, pairs } = this.#tables;
    stored.committed();
    accounts.committed();
    pairs.committed();
    this.statistics.apply(changes);
    return { signs: machines.committed(changes) };
  }

  /**
   * Makes one small step of retention in a transaction of its own; true when nothing is left to delete at `nowMs`.
   * Throws SQLite's error, and can be repeated. `gone` gets the numbers of deleted machines.
   */
  pruneStep(nowMs: number, gone: number[]): boolean {
    const step = this.#database.transaction(() => this.#retention.step(nowMs));
    const { isOver, machines, arePeopleGone } = step.immediate();
    if (arePeopleGone) this.#tables = new Tables(this.#database);
    gone.push(...machines);
    return isOver;
  }

  /** Time of the newest sample of the capacity, in ms since the epoch; 0 without any. */
  get newestSampleMs(): number {
    return this.#samples.newestMs;
  }

  /** Stores a sample of the capacity if one is due. */
  sample(nowMs: number): void {
    this.#samples.take(nowMs, this.statistics);
  }

  close(): void {
    this.#database.close();
  }

  #write(groups: readonly FactGroup[], changes: Changes): void {
    const { stored, machines, pairs, outcomes } = this.#tables;
    for (const { facts, observedMs } of groups) {
      for (const fact of facts) this.#apply(fact, observedMs, changes);
      stored.set(OBSERVED, Math.max(observedMs, stored.number(OBSERVED)));
    }
    for (const outcome of changes.outcomes) outcomes.add(outcome);
    machines.write();
    pairs.write();
    stored.write();
  }

  #apply(fact: Fact, observedMs: number, changes: Changes): void {
    const { machines, blocks, entries, informations, stored } = this.#tables;
    switch (fact.type) {
      case 'submitted':
        this.#submitted(fact, observedMs, changes);
        return;
      case 'judged':
        this.#judged(fact, changes);
        return;
      case 'entry':
        entries.put(fact.entry);
        stored.set(LAST_ENTRY, Math.max(fact.entry.id, stored.number(LAST_ENTRY)));
        return;
      case 'entriesGone':
        entries.drop(fact.ids);
        return;
      case 'information': {
        const { upstream, information, atMs, isNewBlock, isActive } = fact;
        informations.put({ upstream, atMs, isActive, information });
        const { blockHash, height, baseTarget } = information;
        blocks.told({ blockHash, height, baseTarget, upstream, atMs });
        if (isNewBlock) entries.dropOld(upstream);
        if (isActive) changes.height = height;
        return;
      }
      case 'seen': {
        const { machineId, address, atMs, polls } = fact;
        machines.seen(machineId, address, { atMs, observedMs, polls }, changes);
        return;
      }
      case 'transitions':
        for (const transition of fact.facts) machines.transition(transition);
        return;
      default:
        unreachable(fact);
    }
  }

  #submitted(fact: Extract<Fact, { type: 'submitted' }>, observedMs: number, changes: Changes): void {
    const { atMs, machineId, accountId, verdict } = fact;
    const { machines, accounts, pairs, blocks, submissions } = this.#tables;
    const machine = machines.seen(machineId, null, { atMs, observedMs, polls: 0 }, changes);
    const account = accounts.submitted(accountId, atMs, changes);
    const pair = pairs.submitted(machine, account, atMs, changes);
    const judged = submissions.submitted(blocks.told(fact), pair, fact, changes);
    this.#count({ pair, atMs, verdict, judged }, changes);
  }

  #judged(fact: Extract<Fact, { type: 'judged' }>, changes: Changes): void {
    const { atMs, machineId, accountId, blockHash, rawQuality, verdict, text } = fact;
    const { machines, accounts, pairs, blocks, submissions } = this.#tables;
    const machine = machines.numberOf(machineId);
    const account = accounts.numberOf(accountId);
    if (machine === null || account === null) return;
    if (verdict === 'not_assigned' && text !== null) accounts.refused(accountId, text, atMs, changes);
    if (verdict === 'accepted' || verdict === 'mismatch') accounts.refused(accountId, null, atMs, changes);
    const pair = pairs.numberOf(machine, account);
    const block = blocks.withHash(blockHash);
    if (pair === null || block === null) return;
    const judged = submissions.judged(block, pair, rawQuality, verdict, changes);
    this.#count({ pair, atMs, verdict, judged }, changes);
    // Only the upstream gives a reason; others are refused with a submission that was sent.
    if (judged.isNew && text !== null && REFUSALS.has(verdict))
      changes.outcomes.push({ pair, hour: Math.floor(atMs / HOUR_MS), outcome: REFUSED_BY_UPSTREAM });
  }

  #count(
    told: {
      readonly pair: number;
      readonly atMs: number;
      readonly verdict: Verdict;
      readonly judged: Judged;
    },
    { outcomes }: Changes,
  ): void {
    const { pair, atMs, verdict, judged } = told;
    if (!judged.isNew) return;
    const hour = Math.floor(atMs / HOUR_MS);
    if (judged.wasChecking && (verdict === 'held' || verdict === 'waiting'))
      outcomes.push({ pair, hour, outcome: HOLDS });
    if (verdict !== 'checking' && verdict !== 'waiting')
      outcomes.push({ pair, hour, outcome: VERDICTS.indexOf(verdict) });
  }
}
