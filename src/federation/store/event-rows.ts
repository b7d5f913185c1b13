// The rows of the log of events, written in the transaction of the next commit. The newest EVENTS_MAX stay, for as long as
// rows of nodes are kept. It decides nothing about events.

import { NODE_KINDS, type ToldEvent } from '../domain/events.ts';
import type { NodeTransition } from '../../lifecycle/node-state.ts';
import type { Database, Statement } from '../../store/database.ts';
import { noteEvent } from './last-run.ts';
import { statement } from '../../store/statements.ts';
import type { StoredValues } from '../../store/stored-values.ts';

/** Maximum number of stored events; the oldest are deleted first. */
export const EVENTS_MAX = 100_000;
/** Maximum number of events that one step of retention deletes. */
export const PRUNED_EVENTS_MAX = 5_000;
const NEXT_ID = 'next_event_id';

/** The table of events, and the events that wait for the next commit. */
export class EventRows {
  readonly #stored: StoredValues;
  readonly #insert: Statement;
  readonly #trim: Statement<[number]>;
  readonly #erase: Statement<[string]>;
  readonly #has: Statement<[string]>;
  readonly #prune: Statement<[number, number]>;
  #cutoffMs: number | null = null;
  #waiting: (ToldEvent | NodeTransition)[] = [];
  /** Node ids whose events the next commit deletes. */
  #erased: string[] = [];
  /** The id of the first waiting event. */
  #nextId: number;

  constructor(database: Database, stored: StoredValues) {
    this.#stored = stored;
    this.#insert = statement(
      database,
      'INSERT INTO events (id, at_ms, kind, node_id, from_state, cause, count, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#trim = statement(database, 'DELETE FROM events WHERE id < ?');
    this.#erase = statement(database, 'DELETE FROM events WHERE node_id = ?');
    this.#has = statement(database, 'SELECT 1 FROM events WHERE node_id = ? LIMIT 1');
    // Times ascend with the ids, but for a clock that was set. So an event from the future must not shield those behind it.
    this.#prune = statement(
      database,
      'DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at_ms < ? ORDER BY id LIMIT ?)',
    );
    // The newest events may have been erased, so the greatest id in the table does not give the next one.
    const greatest = Number(statement(database, 'SELECT coalesce(max(id), 0) FROM events').pluck().get());
    this.#nextId = Math.max(stored.number(NEXT_ID), greatest + 1);
  }

  /** Appends an event, or the one that a node's transition is, with the next commit. */
  add(event: ToldEvent | NodeTransition): void {
    this.#waiting.push(event);
    // While the database refuses, events wait; it would not keep more than these.
    if (this.#waiting.length >= 2 * EVENTS_MAX) this.#waiting = this.#waiting.slice(-EVENTS_MAX);
  }

  /**
   * Deletes all events of a node with the next commit; false if there are none. It reads all rows, of which there are at
   * most EVENTS_MAX.
   */
  erase(nodeId: string): boolean {
    const others = this.#waiting.filter((event) => event.nodeId !== nodeId);
    const isStored = !this.#erased.includes(nodeId) && this.#has.get(nodeId) !== undefined;
    if (others.length === this.#waiting.length && !isStored) return false;
    this.#waiting = others;
    this.#erased.push(nodeId);
    return true;
  }

  /** Schedules a step of retention for the next commit: events older than `cutoffMs` are deleted, some with each step. */
  prune(cutoffMs: number): void {
    this.#cutoffMs = cutoffMs;
  }

  /** Writes what waits, inside the caller's transaction. May be repeated after a failure. */
  write(): void {
    for (const nodeId of this.#erased) this.#erase.run(nodeId);
    if (this.#cutoffMs !== null) this.#prune.run(this.#cutoffMs, PRUNED_EVENTS_MAX);
    if (this.#waiting.length === 0) return;
    const kept = this.#waiting.slice(-EVENTS_MAX);
    let id = this.#nextId;
    for (const event of kept) {
      const { nodeId, from, cause } = event;
      if ('to' in event) {
        // Of the two kinds only this one comes by the hundred thousand.
        this.#insert.run(id++, event.atMs, NODE_KINDS[event.to], nodeId, from, cause, null, null);
        continue;
      }
      const { at, kind, count, detail } = event;
      const atMs = Date.parse(at);
      this.#insert.run(id++, atMs, kind, nodeId, from, cause, count, detail);
      noteEvent(this.#stored, kind, atMs);
    }
    if (id > EVENTS_MAX) this.#trim.run(id - EVENTS_MAX);
    this.#stored.set(NEXT_ID, id);
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#nextId = Math.max(this.#nextId, this.#stored.number(NEXT_ID));
    this.#waiting = [];
    this.#erased = [];
    this.#cutoffMs = null;
  }
}
