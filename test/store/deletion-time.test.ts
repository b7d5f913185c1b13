import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, hash, invoiced, joined, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const HOUR_MS = 3_600_000;
const RETENTION_MS = 30 * DAY_MS;

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('deletion-time');
});
afterEach(() => folder.remove());

/** A life on plain NATS that housekeeps at every commit; the wall clock is wrong by `errorMs`. */
class Life {
  readonly opened = new Opened(folder.path('aggregator.db'), { retentionMs: RETENTION_MS });
  trueMs = NOW_MS;
  errorMs = 0;
  #hashes = 0;
  constructor() {
    this.speak();
  }
  get wallMs(): number {
    return this.trueMs + this.errorMs;
  }
  /** A task, an invoice and a node that nobody has spoken of, and a tick. */
  speak(): void {
    const moment = { atMs: this.wallMs, nowMs: this.wallMs, observedMs: this.trueMs - NOW_MS };
    const nodeId = `node-${this.#hashes}`;
    for (const signal of [
      received(nodeId, hash(this.#hashes)),
      invoiced(nodeId, hash(this.#hashes)),
      joined(nodeId),
    ])
      this.opened.writer.applyNext(signal, moment);
    this.#hashes++;
    const { periods } = this.opened.statistics();
    this.opened.writer.statistics({ nowMs: this.wallMs, periods });
    this.commit();
  }
  commit(): void {
    this.opened.writer.housekeep(this.wallMs, this.trueMs);
    this.opened.writer.commit(this.wallMs, this.trueMs - NOW_MS);
  }
  /** Passes of retention and thinning, an hour apart. */
  housekeep(hours = 3): void {
    for (let hour = 0; hour < hours; hour++, this.trueMs += HOUR_MS)
      for (let step = 0; step < 4; step++) this.commit();
  }
  restart(): void {
    this.commit();
    this.opened.reopen();
  }
  get rows() {
    const count = (table: string) => this.opened.column(`SELECT count(*) FROM ${table}`)[0];
    return {
      tasks: count('tasks'),
      invoices: count('invoices'),
      nodes: count('nodes'),
      statistics: count('network_stats'),
    };
  }
}

const all = (times: number) => ({ tasks: times, invoices: times, nodes: times, statistics: 4 * times });

describe('a wall clock that is wrong for a while', () => {
  it.each([DAY_MS, 90 * DAY_MS, 400 * DAY_MS])('deletes nothing %i ms ahead, nor afterwards', (errorMs) => {
    const life = new Life();
    life.trueMs += 60_000;
    life.speak();
    life.errorMs = errorMs;
    life.housekeep();
    life.speak();
    life.errorMs = 0;
    life.housekeep();
    expect(life.rows).toEqual(all(3));
    life.opened.writer.close();
  });

  it('deletes nothing 90 days ahead at a start', () => {
    const life = new Life();
    life.errorMs = 90 * DAY_MS;
    life.restart();
    life.housekeep();
    expect(life.rows).toEqual(all(1));
    life.opened.writer.close();
  });

  it.each([false, true])(
    'keeps what was made 90 days behind as long as anything; with restarts %s',
    (restarts) => {
      const life = new Life();
      life.errorMs = -90 * DAY_MS;
      if (restarts) life.restart();
      life.speak();
      life.trueMs += 60_000;
      life.speak();
      life.errorMs = 0;
      if (restarts) life.restart();
      life.housekeep();
      const { tasks, invoices, nodes } = life.rows;
      expect({ tasks, invoices, nodes }).toEqual({ tasks: 3, invoices: 3, nodes: 3 });
      // And no longer than that.
      life.trueMs += RETENTION_MS;
      life.housekeep(4);
      expect(life.rows).toMatchObject({ tasks: 0, invoices: 0, nodes: 0 });
      life.opened.writer.close();
    },
  );

  it('deletes, after a true absence, when we have run for a day', () => {
    const life = new Life();
    life.restart();
    life.trueMs += 90 * DAY_MS;
    const startMs = life.trueMs;
    // The monotonic clock of another start begins anew.
    const { writer } = life.opened;
    const commit = (runMs: number) => {
      writer.housekeep(startMs + runMs, runMs);
      writer.commit(startMs + runMs, 0);
    };
    for (let hour = 0; hour < 24; hour++) commit(hour * HOUR_MS);
    expect(life.rows).toMatchObject({ tasks: 1, invoices: 1, nodes: 1 });
    for (let hour = 24; hour < 30; hour++) commit(hour * HOUR_MS);
    expect(life.rows).toMatchObject({ tasks: 0, invoices: 0, nodes: 0 });
    life.opened.writer.close();
  });
});
