// Puts dead letters back into the outbox when an operator asks. The rows come from the database, because the delivery
// remembers no dead letter; each replay is on the disk before its entry waits again.

import type { Fact } from '../domain/facts.ts';
import type { Replayed } from '../domain/operator-request.ts';
import type { OutboxQuery, OutboxRow } from '../domain/questions.ts';
import { REPLAYED_MAX } from './delivery-bounds.ts';

/** Rows that one question asks for, and facts of one commit. */
const PAGE_ROWS = 200;

/** What {@link Replays} need. */
export interface ReplaysParts {
  rows(query: OutboxQuery): Promise<readonly OutboxRow[]>;
  commit(facts: readonly Fact[]): Promise<void>;
  /** The entry waits again. */
  takeUp(row: OutboxRow): void;
  nowMs(): number;
}

/** Carries out one request after the other, so that no dead letter is taken up twice. */
export class Replays {
  readonly #parts: ReplaysParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ReplaysParts) {
    this.#parts = parts;
  }

  /** Replays the dead letters with these ids, or the oldest ones. Rejects if the database cannot be read or written. */
  replay(ids: readonly number[] | 'all'): Promise<Replayed> {
    const replayed = this.#last.then(() => (ids === 'all' ? this.#all() : this.#some(ids)));
    this.#last = replayed.catch(() => undefined);
    return replayed;
  }

  async #some(ids: readonly number[]): Promise<Replayed> {
    const rows: OutboxRow[] = [];
    const notDead: number[] = [];
    for (const id of [...new Set(ids)].toSorted((one, other) => one - other)) {
      const [row] = await this.#parts.rows({ state: 'dead', beforeId: id + 1, limit: 1 });
      if (row?.id === id) rows.push(row);
      else notDead.push(id);
    }
    await this.#takeUp(rows);
    return { replayed: rows.length, notDead, left: 0 };
  }

  async #all(): Promise<Replayed> {
    let rows: OutboxRow[] = [];
    let left = 0;
    for (let beforeId: number | null = null; ; ) {
      const page: readonly OutboxRow[] = await this.#parts.rows({
        state: 'dead',
        beforeId,
        limit: PAGE_ROWS,
      });
      rows = rows.concat(page);
      left += Math.max(0, rows.length - REPLAYED_MAX);
      rows = rows.slice(-REPLAYED_MAX);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) break;
      beforeId = last.id;
    }
    await this.#takeUp(rows.toReversed());
    return { replayed: rows.length, notDead: [], left };
  }

  /** `rows` are in ascending order, and so they wait. */
  async #takeUp(rows: readonly OutboxRow[]): Promise<void> {
    for (let from = 0; from < rows.length; from += PAGE_ROWS) {
      const some = rows.slice(from, from + PAGE_ROWS);
      const atMs = this.#parts.nowMs();
      await this.#parts.commit(some.map(({ id }) => ({ type: 'replayed', entryId: id, atMs })));
      for (const row of some) this.#parts.takeUp(row);
    }
  }
}
