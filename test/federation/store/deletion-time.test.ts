import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, hash, invoiced, joined, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const HOUR_MS = 3_600_000;
const RETENTION_MS = 8 * DAY_MS;

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('deletion-time');
});
afterEach(() => folder.remove());

/** A program on plain NATS that does housekeeping at every commit; its wall clock is wrong by `errorMs`. */
class Life {
  readonly opened = new Opened(folder.path('aggregator.db'), { retentionMs: RETENTION_MS });
  trueMs = NOW_MS;
  errorMs: number;
  #hashes = 0;
  constructor(errorMs = 0) {
    this.errorMs = errorMs;
    this.speak();
  }
  get wallMs(): number {
    return this.trueMs + this.errorMs;
  }
  get moment() {
    return { atMs: this.wallMs, nowMs: this.wallMs, observedMs: this.trueMs - NOW_MS };
  }
  /** Adds a new task, a new invoice, a new node, and a tick. */
  speak(): void {
    const nodeId = `node-${this.#hashes}`;
    for (const signal of [
      received(nodeId, hash(this.#hashes)),
      invoiced(nodeId, hash(this.#hashes)),
      joined(nodeId),
    ])
      this.opened.writer.applyNext(signal, this.moment);
    this.#hashes++;
    const { periods } = this.opened.statistics();
    this.opened.writer.statistics({ nowMs: this.wallMs, periods });
    this.commit();
  }
  commit(): void {
    this.opened.writer.housekeep(this.wallMs, this.trueMs);
    this.opened.writer.commit(this.wallMs, this.trueMs - NOW_MS);
  }
  /** Runs the program, with a whole pass of retention and of thinning every two hours. */
  run(hours = 4, beats: string | null = null): void {
    for (let hour = 0; hour < hours; hour += 2) {
      if (beats !== null) this.opened.writer.applyNext(joined(beats), this.moment);
      for (let step = 0; step < 4; step++) this.commit();
      this.trueMs += 2 * HOUR_MS;
    }
  }
  /** Stops the program for this time, and starts it again. */
  restart(awayMs = 0): void {
    this.commit();
    this.trueMs += awayMs;
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
const rows = (times: number) => ({ tasks: times, invoices: times, nodes: times });

/** A database of a version without a deletion clock. */
function forgetDeletionClock({ database }: Opened): void {
  database.exec("DELETE FROM settings_kept WHERE name LIKE 'deletion%'");
}

describe('a wall clock that is wrong for a while', () => {
  it.each([DAY_MS, 90 * DAY_MS, 400 * DAY_MS])(
    'deletes no row while it is %i ms ahead, nor afterwards',
    (errorMs) => {
      const life = new Life();
      life.trueMs += 60_000;
      life.speak();
      life.errorMs = errorMs;
      // For longer than a weekend.
      life.run(80);
      life.speak();
      life.errorMs = 0;
      life.run();
      expect(life.rows).toMatchObject(rows(3));
      life.opened.writer.close();
    },
  );

  it('deletes no row when it is 90 days ahead at a start', () => {
    const life = new Life();
    life.errorMs = 90 * DAY_MS;
    life.restart();
    life.run();
    expect(life.rows).toEqual(all(1));
    life.opened.writer.close();
  });

  it.each([
    ['statistics', ''],
    ['nodes', 'DELETE FROM network_stats'],
    ['tasks', 'DELETE FROM network_stats; DELETE FROM transitions; DELETE FROM nodes'],
  ])(
    'deletes no row when it is 400 days ahead at the first start after an upgrade: the database knows %s',
    (_name, sql) => {
      const life = new Life();
      forgetDeletionClock(life.opened);
      life.opened.database.exec(sql);
      life.opened.reopen();
      const before = life.rows;
      life.errorMs = 400 * DAY_MS;
      life.run(80);
      expect(life.rows).toEqual(before);
      life.opened.writer.close();
    },
  );

  it.each([
    [-90 * DAY_MS, 6, false],
    [-90 * DAY_MS, 50, false],
    [-90 * DAY_MS, 50, true],
    [-20 * DAY_MS, 9 * 24, false],
  ])(
    'keeps what was made %i ms behind for %i h as long as anything; with restarts %s',
    (errorMs, hours, restarts) => {
      const life = new Life();
      life.errorMs = errorMs;
      if (restarts) life.restart();
      life.speak();
      // The first node is heard all the time.
      life.run(hours, 'node-0');
      life.speak();
      life.errorMs = 0;
      if (restarts) life.restart();
      life.run(2 * 24);
      const { tasks, nodes } = life.rows;
      // The rows made at first may be deleted by now; the node that was heard must stay.
      expect(nodes).toBeGreaterThanOrEqual(hours < 6 * 24 ? 3 : 2);
      expect(tasks).toBeGreaterThanOrEqual(hours < 6 * 24 ? 3 : 1);
      life.run(5 * 24);
      expect(Number(life.rows.tasks)).toBeGreaterThanOrEqual(1);
      expect(Number(life.rows.nodes)).toBeGreaterThanOrEqual(2);
      // They are kept no longer than that.
      life.run(2 * 24);
      expect(life.rows).toMatchObject(rows(0));
      life.opened.writer.close();
    },
  );

  it.each([6, 60])('keeps rows of a new database whose clock was 90 days behind for %i h', (hours) => {
    const life = new Life(-90 * DAY_MS);
    life.run(hours);
    life.speak();
    life.errorMs = 0;
    life.speak();
    life.run(120);
    expect(life.rows).toMatchObject(rows(3));
    life.run(80);
    expect(life.rows).toMatchObject(rows(0));
    life.opened.writer.close();
  });

  it('keeps rows that came while it was behind for less than the time between two commits', () => {
    const life = new Life();
    life.run();
    const { writer } = life.opened;
    life.errorMs = -90 * DAY_MS;
    writer.applyNext(received('node-0', hash(7)), life.moment);
    life.errorMs = 0;
    life.run(7 * 24);
    expect(life.rows.tasks).toBe(2);
    writer.close();
  });

  it('deletes rows after true downtime once the program has run for RETENTION_DAYS', () => {
    const life = new Life();
    life.run(24);
    life.restart(90 * DAY_MS);
    life.run(6 * 24);
    expect(life.rows).toMatchObject(rows(1));
    life.run(2 * 24);
    expect(life.rows).toMatchObject(rows(0));
    life.opened.writer.close();
  });

  it('stores only a few values of its own', () => {
    const life = new Life();
    for (let start = 0; start < 120; start++) {
      life.restart(HOUR_MS);
      life.run(2);
    }
    const [kept] = life.opened.column(
      "SELECT length(value) FROM settings_kept WHERE name = 'deletion_offsets'",
    );
    expect(Number(kept)).toBeLessThan(5000);
    life.opened.writer.close();
  });
});
