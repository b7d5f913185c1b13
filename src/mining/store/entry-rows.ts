// The rows of the desk's entries and of the latest information of every upstream: what the program goes on with after a
// restart.

import type { Entry, EntryState } from '../domain/facts.ts';
import type { MiningInformation, SubmissionMode } from '../domain/information.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { fromStored, toStored } from './unsigned.ts';

/** Blocks of an upstream whose entries are kept: the filter compares with the bests of as many. */
export const ENTRY_BLOCKS_MAX = 3;

interface StoredEntry {
  readonly id: bigint;
  readonly upstream: string;
  readonly mode: SubmissionMode;
  readonly block_hash: string;
  readonly submitted_hash: string;
  readonly height: bigint;
  readonly generation_signature: string;
  readonly base_target: bigint;
  readonly account_id: string;
  readonly seed: string;
  readonly nonce: bigint;
  readonly compression: bigint;
  readonly raw_quality: bigint;
  readonly machine_id: string;
  readonly address: string;
  readonly received_ms: bigint;
  readonly poc_time: bigint;
  readonly state: EntryState;
}

interface StoredInformationRow {
  readonly upstream: string;
  readonly at_ms: bigint;
  readonly is_active: bigint;
  readonly generation_signature: string;
  readonly base_target: bigint;
  readonly height: bigint;
  readonly block_hash: string;
  readonly target_quality: bigint | null;
  readonly minimum_compression: bigint;
  readonly target_compression: bigint;
  readonly text: string;
}

/** The latest information of an upstream. */
export interface KeptInformation {
  readonly upstream: string;
  readonly atMs: number;
  /** True if miners were served from this upstream. */
  readonly isActive: boolean;
  readonly information: MiningInformation;
}

/** The entries of a database. */
export class EntryRows {
  readonly #put: Statement;
  readonly #drop: Statement;
  readonly #dropOld: Statement;
  readonly #all: Statement<[], StoredEntry>;
  readonly #upstreams: Statement<[], string>;
  readonly #last: Statement<[], number>;

  constructor(database: Database) {
    this.#put = statement(
      database,
      `INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#drop = statement(database, 'DELETE FROM entries WHERE id = ?');
    this.#dropOld = statement(
      database,
      `DELETE FROM entries WHERE upstream = ? AND block_hash NOT IN (SELECT block_hash FROM entries
         WHERE upstream = ? GROUP BY block_hash ORDER BY max(id) DESC LIMIT ${ENTRY_BLOCKS_MAX})`,
    );
    this.#all = statement<[], StoredEntry>(database, 'SELECT * FROM entries ORDER BY id').safeIntegers();
    this.#upstreams = statement<[], string>(database, 'SELECT DISTINCT upstream FROM entries').pluck();
    this.#last = statement<[], number>(database, 'SELECT coalesce(max(id), 0) FROM entries').pluck();
  }

  /** Stores an entry, in place of an earlier one with its id. */
  put({ submission, ...entry }: Entry): void {
    this.#put.run(
      entry.id,
      entry.upstream,
      entry.mode,
      entry.blockHash,
      submission.blockHash,
      toStored(submission.height),
      submission.generationSignature,
      toStored(submission.baseTarget),
      submission.accountId,
      submission.seed,
      toStored(submission.nonce),
      submission.compression,
      toStored(submission.rawQuality),
      entry.machineId,
      entry.address,
      entry.receivedAtMs,
      entry.pocTime,
      entry.state,
    );
  }

  drop(ids: readonly number[]): void {
    for (const id of ids) this.#drop.run(id);
  }

  /** Deletes the entries of all but the newest blocks of an upstream. */
  dropOld(upstream: string): void {
    this.#dropOld.run(upstream, upstream);
  }

  /** The upstreams that have entries. */
  upstreams(): string[] {
    return this.#upstreams.all();
  }

  /** By ascending id. */
  all(): Entry[] {
    return this.#all.all().map(entryOf);
  }

  /** The greatest id of those stored; 0 without any. */
  get lastId(): number {
    return Number(this.#last.get());
  }
}

/** The information of every upstream. */
export class InformationRows {
  readonly #put: Statement;
  readonly #leave: Statement;
  readonly #all: Statement<[], StoredInformationRow>;

  constructor(database: Database) {
    this.#put = statement(
      database,
      'INSERT OR REPLACE INTO informations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#leave = statement(
      database,
      'UPDATE informations SET is_active = 0 WHERE upstream <> ? AND is_active = 1',
    );
    this.#all = statement<[], StoredInformationRow>(
      database,
      'SELECT * FROM informations ORDER BY upstream',
    ).safeIntegers();
  }

  /** Stores it in place of the earlier one of its upstream. */
  put({ upstream, atMs, isActive, information }: KeptInformation): void {
    const { targetQuality } = information;
    this.#put.run(
      upstream,
      atMs,
      isActive ? 1 : 0,
      information.generationSignature,
      toStored(information.baseTarget),
      toStored(information.height),
      information.blockHash,
      targetQuality === null ? null : toStored(targetQuality),
      toStored(information.minimumCompression),
      toStored(information.targetCompression),
      information.text,
    );
    if (isActive) this.#leave.run(upstream);
  }

  all(): KeptInformation[] {
    return this.#all.all().map((row) => ({
      upstream: row.upstream,
      atMs: Number(row.at_ms),
      isActive: row.is_active === 1n,
      information: {
        generationSignature: row.generation_signature,
        baseTarget: fromStored(row.base_target),
        height: fromStored(row.height),
        blockHash: row.block_hash,
        targetQuality: row.target_quality === null ? null : fromStored(row.target_quality),
        minimumCompression: fromStored(row.minimum_compression),
        targetCompression: fromStored(row.target_compression),
        text: row.text,
      },
    }));
  }
}

function entryOf(row: StoredEntry): Entry {
  return {
    id: Number(row.id),
    upstream: row.upstream,
    mode: row.mode,
    blockHash: row.block_hash,
    submission: {
      blockHash: row.submitted_hash,
      height: fromStored(row.height),
      generationSignature: row.generation_signature,
      baseTarget: fromStored(row.base_target),
      accountId: row.account_id,
      seed: row.seed,
      nonce: fromStored(row.nonce),
      compression: Number(row.compression),
      rawQuality: fromStored(row.raw_quality),
    },
    machineId: row.machine_id,
    address: row.address,
    receivedAtMs: Number(row.received_ms),
    pocTime: row.poc_time,
    state: row.state,
  };
}
