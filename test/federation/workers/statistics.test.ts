import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader, type ReadDatabase } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { completed, hash, invoiced, NO_LIMITS, NOW_MS } from '../store/events.ts';
import { testFolder } from '../store/opened.ts';

const HOUR_MS = 3_600_000;

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('tick');
});
afterEach(() => folder.remove());

describe('statistics of a tick', () => {
  it('statistics of a tick - all periods show one moment, whatever is committed between two reads', () => {
    const path = folder.path('tick.db');
    const options = { limits: NO_LIMITS, generationSize: 100, transitionsPerNodeMax: 10 };
    const writer = new FederationWriter(openFederationWriter(path), options, 'tick');
    let facts = 0;
    /** One more task and invoice, by one more node, that every period counts. */
    const commitMore = () => {
      const nodeId = `node-${facts}`;
      const moment = { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 };
      writer.apply(completed(nodeId, hash(facts)), moment);
      writer.apply(invoiced(nodeId, hash(facts)), moment);
      writer.commit(NOW_MS, 0);
      facts++;
    };
    commitMore();
    const reader = openReader(path);
    let reads = 0;
    const query = new StatisticsQuery(withEachRead(reader, () => ++reads > 1 && commitMore()));
    for (let tick = 1; tick <= 3; tick++) {
      const before = facts;
      const { periods } = query.run(NOW_MS);
      for (const period of ['1h', '24h', '7d', 'all'] as const) {
        const { totalTasks, totalInvoices, totalNodes, tasksLast24h, onlineNodes } = periods[period];
        expect(new Set([totalTasks, totalInvoices, totalNodes, tasksLast24h, onlineNodes])).toEqual(
          new Set([before]),
        );
      }
      expect(facts).toBeGreaterThan(before + 3);
      // The first read of the next tick must not be preceded by a commit that it may see.
      reads = 0;
    }
    reader.close();
    writer.close();
  });

  it.each([
    ['an hour ahead', HOUR_MS, { '1h': 1, '24h': 2, '7d': 2, all: 2 }],
    ['half an hour ahead', HOUR_MS / 2, { '1h': 2, '24h': 2, '7d': 2, all: 2 }],
    ['40 days ahead', 40 * 24 * HOUR_MS, { '1h': 1, '24h': 1, '7d': 1, all: 2 }],
    ['seven months ahead', 210 * 24 * HOUR_MS, { '1h': 1, '24h': 1, '7d': 1, all: 2 }],
  ])('statistics of a tick - they count rows left by a clock that was %s', (_what, aheadMs, expected) => {
    const path = folder.path('ahead.db');
    const options = { limits: NO_LIMITS, generationSize: 100, transitionsPerNodeMax: 10 };
    const writer = new FederationWriter(openFederationWriter(path), options, 'tick');
    for (const [task, atMs] of [NOW_MS + aheadMs, NOW_MS].entries()) {
      const moment = { atMs, nowMs: atMs, observedMs: 0 };
      writer.apply(completed('node-0001', hash(task)), moment);
      writer.commit(atMs, 0);
    }
    const reader = openReader(path);
    const { periods } = new StatisticsQuery(reader).run(NOW_MS);
    reader.close();
    writer.close();
    expect(
      Object.fromEntries(Object.entries(periods).map(([period, { totalTasks }]) => [period, totalTasks])),
    ).toEqual(expected);
  });
});

/** The same connection, with something happening before each read but the first of a transaction. */
function withEachRead(database: ReadDatabase, happen: () => unknown): ReadDatabase {
  return new Proxy(database, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      if (name !== 'prepare') return member.bind(target) as unknown;
      return (sql: string) => {
        const statement = target.prepare(sql);
        return new Proxy(statement, {
          get(of, what) {
            const method = Reflect.get(of, what, of) as unknown;
            if (typeof method !== 'function') return method;
            return (...values: unknown[]) => {
              happen();
              return method.apply(of, values) as unknown;
            };
          },
        });
      };
    },
  });
}
