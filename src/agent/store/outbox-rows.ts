// The rows of what leaves: messages that wait to be sent, completions that wait for metrics, and how many messages left in
// the last minute. All inside the caller's transaction; after a rollback a new object has to be made.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import {
  type AwaitedCompletion,
  FACT_KINDS,
  type FactKey,
  type MessageToQueue,
} from '../domain/fact-store.ts';
import { FACT_TYPES, type FactType, type QueuedMessage, type SentWindow } from '../domain/messages.ts';

/** How long a message counts for the pace, in ms. */
export const PACE_WINDOW_MS = 60_000;

interface MessageRow {
  readonly id: number;
  readonly type: number;
  readonly payload: string;
}

interface AwaitedRow {
  readonly id: number;
  readonly task_id_hash: string;
  readonly chain: string | null;
  readonly at_ms: number;
  readonly is_history: number;
}

/** The messages that wait, on the disk or in memory. */
export interface MessageRows {
  /** Messages in the outbox. */
  readonly waiting: number;
  /** `id` is greater than any that was ever given. */
  add(id: number, message: MessageToQueue): void;
  /** The oldest messages, at most `limit`: of each type those behind its id in `after`; of a type without one, none. */
  next(isHistory: boolean, after: ReadonlyMap<FactType, number>, limit: number): readonly QueuedMessage[];
  /** The newest message of all; 0 without any. */
  newestId(): number;
  /** Removes a message; false if it is not there. */
  remove(id: number): boolean;
  /** Puts another node id into every message that waits. */
  rename(nodeId: string, newNodeId: string): void;
}

/** The messages that wait, on the disk. */
export class OutboxRows implements MessageRows {
  waiting: number;
  readonly #insert: Statement<[number, number, number, string]>;
  readonly #next: Statement<{ history: number; limit: number }, MessageRow>;
  readonly #delete: Statement<[number]>;
  readonly #rename: Statement<[string, string]>;
  readonly #newest: Statement<[], number>;

  constructor(database: Database) {
    this.#insert = statement(
      database,
      'INSERT INTO outbox (id, is_history, type, payload) VALUES (?, ?, ?, ?)',
    );
    // SQLite merges the types by id, and reads no more than it gives.
    const ofType = (_type: FactType, code: number) =>
      `SELECT id, type, payload FROM outbox WHERE is_history = @history AND type = ${code} AND id > @after${code}`;
    this.#next = statement(
      database,
      `${FACT_TYPES.map(ofType).join(' UNION ALL ')} ORDER BY id LIMIT @limit`,
    );
    this.#delete = statement(database, 'DELETE FROM outbox WHERE id = ?');
    this.#rename = statement(database, 'UPDATE outbox SET payload = replace(payload, ?, ?)');
    this.#newest = statement(database, 'SELECT max(id) FROM outbox');
    this.waiting = statement<[], number>(database, 'SELECT count(*) FROM outbox').pluck().get() ?? 0;
  }

  add(id: number, { type, payload, isHistory }: MessageToQueue): void {
    this.#insert.run(id, isHistory ? 1 : 0, FACT_TYPES.indexOf(type), payload);
    this.waiting++;
  }

  next(isHistory: boolean, after: ReadonlyMap<FactType, number>, limit: number): readonly QueuedMessage[] {
    const behind = FACT_TYPES.map((type, code) => [`after${code}`, after.get(type) ?? Infinity] as const);
    const rows = this.#next.all({ history: isHistory ? 1 : 0, limit, ...Object.fromEntries(behind) });
    return rows.map(({ id, type, payload }) => ({ id, type: typeOf(type), payload, isHistory }));
  }

  newestId(): number {
    return this.#newest.pluck().get() ?? 0;
  }

  remove(id: number): boolean {
    if (this.#delete.run(id).changes === 0) return false;
    this.waiting--;
    return true;
  }

  rename(nodeId: string, newNodeId: string): void {
    this.#rename.run(nodeId, newNodeId);
  }
}

/** Columns of a completion that is taken out. The event file may have told the chain of its task meanwhile. */
const AWAITED = `id, task_id_hash, at_ms, is_history,
  coalesce(chain, (SELECT facts.chain FROM facts WHERE facts.kind = ${FACT_KINDS.indexOf('received')} AND facts.key = awaited.key))
    AS chain`;

/** The completions that wait for metrics. */
export class AwaitedRows {
  /** Completions that wait. */
  waiting: number;
  /** The number of the newest one; 0 if there never was one. */
  newest: number;
  readonly #insert: Statement;
  readonly #take: Statement<[Buffer], AwaitedRow>;
  readonly #takeOldest: Statement<[number, number], AwaitedRow>;

  constructor(database: Database) {
    this.#insert = statement(
      database,
      `INSERT INTO awaited (key, task_id_hash, chain, at_ms, is_history) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
    );
    this.#take = statement(database, `DELETE FROM awaited WHERE key = ? RETURNING ${AWAITED}`);
    this.#takeOldest = statement(
      database,
      `DELETE FROM awaited WHERE id IN (SELECT id FROM awaited WHERE id <= ? ORDER BY id LIMIT ?)
         RETURNING ${AWAITED}`,
    );
    this.waiting = statement<[], number>(database, 'SELECT count(*) FROM awaited').pluck().get() ?? 0;
    this.newest =
      statement<[], number>(database, 'SELECT coalesce(max(id), 0) FROM awaited').pluck().get() ?? 0;
  }

  add(key: FactKey, { taskIdHash, chainId, atMs, isHistory }: AwaitedCompletion): void {
    const { changes, lastInsertRowid } = this.#insert.run(key, taskIdHash, chainId, atMs, isHistory ? 1 : 0);
    if (changes === 0) return;
    this.waiting++;
    this.newest = Number(lastInsertRowid);
  }

  /** Takes out the completion of this execution; null if none waits. */
  take(key: FactKey): AwaitedCompletion | null {
    if (this.waiting === 0) return null;
    const row = this.#take.get(key);
    if (row === undefined) return null;
    this.waiting--;
    return readAwaited(row);
  }

  /** Takes out the oldest up to this number, at most `limit`. */
  takeOldest(limit: number, upTo: number): readonly AwaitedCompletion[] {
    if (this.waiting === 0) return [];
    const rows = this.#takeOldest.all(upTo, limit).toSorted((a, b) => a.id - b.id);
    this.waiting -= rows.length;
    return rows.map(readAwaited);
  }
}

/** How many messages left in the last minute. */
export class SentRows {
  readonly #add: Statement<[number, number]>;
  readonly #forget: Statement<[number]>;
  readonly #all: Statement<[number], { atMs: number; count: number }>;

  constructor(database: Database) {
    this.#add = statement(
      database,
      'INSERT INTO sent (at_ms, count) VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count',
    );
    this.#forget = statement(database, 'DELETE FROM sent WHERE at_ms <= ?');
    this.#all = statement(database, 'SELECT at_ms AS atMs, count FROM sent WHERE at_ms > ? ORDER BY at_ms');
  }

  add(count: number, nowMs: number): void {
    this.#forget.run(nowMs - PACE_WINDOW_MS);
    this.#add.run(nowMs, count);
  }

  /** The window at this time. Times in the future, from before a step of the clock, stay: they are too many, never too few. */
  window(nowMs: number): SentWindow {
    return this.#all.all(nowMs - PACE_WINDOW_MS);
  }
}

function readAwaited(row: AwaitedRow): AwaitedCompletion {
  return {
    taskIdHash: row.task_id_hash,
    chainId: row.chain,
    atMs: row.at_ms,
    isHistory: row.is_history === 1,
  };
}

function typeOf(code: number): FactType {
  const type = FACT_TYPES[code];
  if (type === undefined) throw new RangeError(`no type of messages has the code ${code}`);
  return type;
}
