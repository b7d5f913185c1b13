// The rows of accounts, machines and pairs of both, each known by a number that is never used again. Those used lately
// stay in memory; what changed in them is written once per commit.

import type { NodeSign, NodeTransition } from '../../lifecycle/node-state.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { TwoGenerations } from '../../store/two-generations.ts';
import { type Changes, PAIR_NUMBER_MAX } from './changes.ts';

/** Rows per generation that stay in memory, some 300 bytes each; two generations are held. */
export const ROWS_GENERATION_ENTRIES = 50_000;
/** Changes of state kept for a machine; the oldest go first. */
export const TRANSITIONS_PER_MACHINE_MAX = 1_000;

interface MachineRow {
  readonly number: number;
  readonly machineId: string;
  address: string;
  seenMs: number;
  heardObservedMs: number;
  polls: number;
  state: number | null;
  transitions: number;
}

/** The machines that poll and submit. */
export class MachineRows {
  readonly #rows = new TwoGenerations<MachineRow>(ROWS_GENERATION_ENTRIES);
  readonly #changed = new Set<MachineRow>();
  readonly #find: Statement<[string], MachineRow>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #insertTransition: Statement;
  readonly #trim: Statement;

  constructor(database: Database) {
    this.#find = statement(
      database,
      `SELECT number, machine_id AS machineId, address, seen_ms AS seenMs, heard_observed_ms AS heardObservedMs,
         polls, state, transitions FROM machines WHERE machine_id = ?`,
    );
    this.#insert = statement(
      database,
      `INSERT INTO machines (machine_id, address, first_ms, seen_ms, heard_observed_ms, polls, transitions)
         VALUES (?, ?, ?, ?, ?, 0, 0)`,
    );
    this.#update = statement(
      database,
      `UPDATE machines SET address = ?, seen_ms = ?, heard_observed_ms = ?, polls = ?, state = ?, transitions = ?
         WHERE number = ?`,
    );
    this.#insertTransition = statement(database, 'INSERT INTO transitions VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#trim = statement(database, 'DELETE FROM transitions WHERE machine = ? AND number <= ?');
  }

  /** The machine polled or submitted; returns its number. A null address is not known. */
  seen(
    machineId: string,
    address: string | null,
    moment: { readonly atMs: number; readonly observedMs: number; readonly polls: number },
    changes: Changes,
  ): number {
    const { atMs, observedMs, polls } = moment;
    const row =
      this.#known(machineId) ?? this.#add(machineId, address ?? machineId, atMs, observedMs, changes);
    if (address !== null) row.address = address;
    row.seenMs = Math.max(row.seenMs, atMs);
    row.heardObservedMs = Math.max(row.heardObservedMs, observedMs);
    row.polls += polls;
    this.#changed.add(row);
    changes.machines.set(row.number, { number: row.number, machineId, seenAtMs: row.seenMs });
    return row.number;
  }

  /** Its number; null if it was never seen. */
  numberOf(machineId: string): number | null {
    return this.#known(machineId)?.number ?? null;
  }

  /** Stores what an actor decided. A machine without a row is none of this database's. */
  transition(fact: NodeTransition): void {
    const row = this.#known(fact.nodeId);
    if (row === undefined) return;
    row.state = NODE_STATES.indexOf(fact.to);
    this.#changed.add(row);
    if (fact.from === null) return;
    row.transitions++;
    const from = NODE_STATES.indexOf(fact.from);
    this.#insertTransition.run(
      row.number,
      row.transitions,
      fact.atMs,
      fact.observedMs,
      from,
      row.state,
      fact.cause,
    );
    if (row.transitions > TRANSITIONS_PER_MACHINE_MAX)
      this.#trim.run(row.number, row.transitions - TRANSITIONS_PER_MACHINE_MAX);
  }

  /** Writes the changed rows, inside the caller's transaction. */
  write(): void {
    for (const { address, seenMs, heardObservedMs, polls, state, transitions, number } of this.#changed)
      this.#update.run(address, seenMs, heardObservedMs, polls, state, transitions, number);
  }

  /** The transaction is committed. Returns the signs of life of the machines in it. */
  committed(changes: Changes): NodeSign[] {
    const signs: NodeSign[] = [];
    for (const row of this.#changed) {
      if (!changes.machines.has(row.number)) continue;
      signs.push({
        number: row.number,
        nodeId: row.machineId,
        lifeAtMs: row.seenMs,
        leftAtMs: 0,
        heardObservedMs: row.heardObservedMs,
        state: row.state === null ? null : (NODE_STATES[row.state] ?? null),
      });
    }
    this.#changed.clear();
    this.#rows.rotateIfFull();
    return signs;
  }

  #known(machineId: string): MachineRow | undefined {
    const known = this.#rows.get(machineId) ?? this.#find.get(machineId);
    if (known !== undefined) this.#rows.set(machineId, known);
    return known;
  }

  #add(machineId: string, address: string, atMs: number, observedMs: number, changes: Changes): MachineRow {
    const number = Number(this.#insert.run(machineId, address, atMs, atMs, observedMs).lastInsertRowid);
    const times = { seenMs: atMs, heardObservedMs: observedMs };
    const row: MachineRow = { number, machineId, address, ...times, polls: 0, state: null, transitions: 0 };
    this.#rows.set(machineId, row);
    changes.newMachines++;
    return row;
  }
}

interface AccountRow {
  readonly number: number;
  refusal: string | null;
}

/** The accounts of submissions. */
export class AccountRows {
  readonly #rows = new TwoGenerations<AccountRow>(ROWS_GENERATION_ENTRIES);
  readonly #find: Statement<[string], AccountRow>;
  readonly #insert: Statement;
  readonly #update: Statement;

  constructor(database: Database) {
    this.#find = statement(database, 'SELECT number, refusal FROM accounts WHERE account_id = ?');
    this.#insert = statement(database, 'INSERT INTO accounts (account_id, first_ms) VALUES (?, ?)');
    this.#update = statement(database, 'UPDATE accounts SET refusal = ?, refused_ms = ? WHERE number = ?');
  }

  /** The account submitted; returns its number. */
  submitted(accountId: string, atMs: number, changes: Changes): number {
    let row = this.#known(accountId);
    if (row === undefined) {
      row = { number: Number(this.#insert.run(accountId, atMs).lastInsertRowid), refusal: null };
      this.#rows.set(accountId, row);
      changes.newAccounts++;
    }
    changes.accounts.set(row.number, { accountId, ...row });
    return row.number;
  }

  /** Its number; null if it never submitted. */
  numberOf(accountId: string): number | null {
    return this.#known(accountId)?.number ?? null;
  }

  /** The upstream refuses the account, with this text; null: it accepted a submission of the account. */
  refused(accountId: string, text: string | null, atMs: number, changes: Changes): void {
    const row = this.#known(accountId);
    if (row === undefined || row.refusal === text) return;
    row.refusal = text;
    this.#update.run(text, text === null ? null : atMs, row.number);
    changes.accounts.set(row.number, { accountId, ...row });
  }

  committed(): void {
    this.#rows.rotateIfFull();
  }

  #known(accountId: string): AccountRow | undefined {
    const known = this.#rows.get(accountId) ?? this.#find.get(accountId);
    if (known !== undefined) this.#rows.set(accountId, known);
    return known;
  }
}

/** An account at a machine. */
export class PairRows {
  readonly #numbers = new TwoGenerations<number>(ROWS_GENERATION_ENTRIES);
  readonly #submittedMs = new Map<number, number>();
  readonly #find: Statement<[number, number], number>;
  readonly #insert: Statement;
  readonly #update: Statement;

  constructor(database: Database) {
    this.#find = statement<[number, number], number>(
      database,
      'SELECT number FROM pairs WHERE machine = ? AND account = ?',
    ).pluck();
    this.#insert = statement(
      database,
      'INSERT INTO pairs (machine, account, first_ms, submitted_ms) VALUES (?, ?, ?, ?)',
    );
    this.#update = statement(
      database,
      'UPDATE pairs SET submitted_ms = max(submitted_ms, ?) WHERE number = ?',
    );
  }

  /** The pair submitted; returns its number. Throws a `RangeError` after {@link PAIR_NUMBER_MAX} pairs. */
  submitted(machine: number, account: number, atMs: number, changes: Changes): number {
    let number = this.numberOf(machine, account);
    if (number === null) {
      number = Number(this.#insert.run(machine, account, atMs, atMs).lastInsertRowid);
      if (number > PAIR_NUMBER_MAX) throw new RangeError('the numbers of pairs are used up');
      this.#numbers.set(keyOf(machine, account), number);
    }
    const submittedAtMs = Math.max(atMs, this.#submittedMs.get(number) ?? 0);
    this.#submittedMs.set(number, submittedAtMs);
    changes.pairs.set(number, { number, machine, account, submittedAtMs });
    return number;
  }

  numberOf(machine: number, account: number): number | null {
    const key = keyOf(machine, account);
    const known = this.#numbers.get(key) ?? this.#find.get(machine, account);
    if (known === undefined) return null;
    this.#numbers.set(key, known);
    return known;
  }

  /** Writes the times of the last submissions, inside the caller's transaction. */
  write(): void {
    for (const [number, atMs] of this.#submittedMs) this.#update.run(atMs, number);
  }

  committed(): void {
    this.#submittedMs.clear();
    this.#numbers.rotateIfFull();
  }
}

function keyOf(machine: number, account: number): string {
  return `${machine}:${account}`;
}
