// Compiled SQL: one statement per text and connection. A question, a message, a tick or a revert compiles none once
// each of them was made for the first time.

import { globSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PERIODS } from '../../../src/federation/domain/vocabulary.ts';
import { NODE_STATES } from '../../../src/lifecycle/node-state.ts';
import type { NodeSort } from '../../../src/federation/domain/statistics.ts';
import { type Database, openReader } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { RevertibleWriter } from '../../../src/federation/store/revertible-writer.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { STATEMENTS_MAX, statement } from '../../../src/store/statements.ts';
import { readGeography } from '../../../src/federation/workers/geography.ts';
import { readHistory } from '../../../src/federation/workers/history.ts';
import {
  readNode,
  readNodeListings,
  readNodeOrder,
  readNodePage,
  readNodesToResume,
} from '../../../src/federation/workers/nodes.ts';
import { readReporting } from '../../../src/federation/workers/reporting.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { completed, hash, invoiced, joined, NO_LIMITS, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('statements');
});
afterEach(() => folder.remove());

/** Counts what is compiled on a connection from now on: statements, and pragmas, which are statements too. */
function countCompiled(database: Database): () => number {
  let compiled = 0;
  const { prepare, pragma } = database;
  Object.assign(database, {
    prepare(sql: string) {
      compiled++;
      return prepare.call(database, sql);
    },
    pragma(text: string, options?: { simple?: boolean }) {
      compiled++;
      return pragma.call(database, text, options);
    },
  });
  return () => compiled;
}

const SORTS: readonly NodeSort[] = ['firstSeen', 'lastSeen', 'nodeId', 'state', 'heartbeats'];

describe('a statement', () => {
  it('is compiled once per text and connection', () => {
    const { database, writer } = new Opened(folder.path('a.db'));
    const compiled = countCompiled(database);
    const first = statement(database, 'SELECT 1 + ?');
    expect(statement(database, 'SELECT 1 + ?')).toBe(first);
    expect(compiled()).toBe(1);
    const other = openReader(folder.path('a.db'));
    expect(statement(other, 'SELECT 1 + ?')).not.toBe(first);
    other.close();
    writer.close();
  });

  it('is refused if its text contains values', () => {
    const { writer } = new Opened(folder.path('a.db'));
    const reader = openReader(folder.path('a.db'));
    for (let value = 0; value < STATEMENTS_MAX; value++) statement(reader, `SELECT ${value}`);
    expect(() => statement(reader, 'SELECT -1')).toThrow(RangeError);
    reader.close();
    writer.close();
  });

  it('whose text SQLite refused may be prepared again', () => {
    const { database, writer } = new Opened(folder.path('a.db'));
    expect(() => statement(database, 'SELECT missing FROM nodes')).toThrow('no such column');
    expect(() => statement(database, 'SELECT missing FROM nodes')).toThrow('no such column');
    writer.close();
  });
});

describe('nothing is compiled', () => {
  it('by a repeated question, whatever its parameters', () => {
    const opened = new Opened(folder.path('a.db'), { generationSize: 100 });
    const ids = Array.from({ length: 120 }, (_, node) => `node-${String(node).padStart(3, '0')}`);
    for (const id of ids) opened.writer.apply(joined(id), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    const statistics = () => new StatisticsQuery(opened.database).run(NOW_MS);
    opened.commit();
    opened.writer.statistics(statistics());
    for (const number of [1, 2, 3]) {
      opened.writer.transition({
        nodeId: ids[number - 1] ?? '',
        from: 'online',
        to: 'stale',
        cause: 'silence',
        atMs: NOW_MS,
        observedMs: 200_000,
      });
    }
    opened.commit();
    opened.writer.close();
    const reader = openReader(folder.path('a.db'));
    const tick = new StatisticsQuery(reader);
    const askEverything = (round: number) => {
      for (const sort of SORTS) {
        for (const descending of [true, false]) {
          for (const state of [null, ...NODE_STATES]) {
            for (const search of [null, `0${round}`]) {
              const page = 1 + (round % 2);
              readNodePage(reader, { state, page, search, sort, descending, stripCells: round });
              const order = readNodeOrder(reader, { state, search, sort, descending });
              readNodeListings(reader, [...order], round);
            }
          }
        }
      }
      for (const id of ids) readNode(reader, { nodeId: id, windowMs: 1, stripCells: 0 });
      for (const period of PERIODS) {
        const query = { period, fromMs: NOW_MS - 3_600_000 * (round + 1), toMs: NOW_MS, points: 10 + round };
        readHistory(reader, query, 30_000);
      }
      readNodesToResume(reader, round, 10);
      readReporting(reader, NOW_MS + round);
      readGeography(reader, 1 + round);
      tick.run(NOW_MS + round);
    };
    const compiled = countCompiled(reader);
    askEverything(0);
    const warm = compiled();
    expect(warm).toBeGreaterThan(0);
    for (const round of [1, 2, 3, 4]) askEverything(round);
    expect(compiled()).toBe(warm);
    reader.close();
  });

  it('by messages, ticks, retention, thinning and reverts', () => {
    const database = openFederationWriter(folder.path('a.db'));
    const compiled = countCompiled(database);
    const options = { limits: NO_LIMITS, generationSize: 2, placesLog2: 6, transitionsPerNodeMax: 2 };
    const writer = new RevertibleWriter((id) => new FederationWriter(database, options, id ?? 'test'));
    const work = (round: number) => {
      const moment = { atMs: NOW_MS + round, nowMs: NOW_MS + round, observedMs: round };
      for (let each = 0; each < 50; each++) {
        const id = hash(round * 1000 + each);
        for (const make of [received, completed, invoiced]) {
          writer.current.apply(make(`node-${each % 7}`, id), moment);
        }
      }

      const fact = {
        nodeId: `node-${round}`,
        atMs: NOW_MS,
        observedMs: round,
        cause: 'silence',
      } as const;
      for (const to of ['stale', 'offline'] as const) writer.transition({ ...fact, from: 'online', to });
      writer.statistics(new StatisticsQuery(database).run(NOW_MS + round * 1000));
      writer.current.quarantine({ seq: round, subject: 'other', code: 'SQLITE_MISMATCH', atMs: NOW_MS });
      writer.current.pruneStep(NOW_MS + round - 1);
      writer.current.thinStep(NOW_MS + round);
      writer.commit(NOW_MS + round, round);
      writer.revert();
    };
    work(0);
    const warm = compiled();
    expect(warm).toBeGreaterThan(20);
    for (const round of [1, 2, 3, 4]) work(round);
    expect(compiled()).toBe(warm);
    writer.current.close();
  });
});

it('SQL is compiled in one file, and in the files that run once per start or command', () => {
  const files = globSync('src/**/*.ts').filter((file) => /\.prepare\b[<(]/.test(readFileSync(file, 'utf8')));
  expect(files.toSorted()).toEqual([
    'src/agent/store/adoption.ts',
    'src/agent/store/agent-database.ts',
    'src/federation/store/adoption-report.ts',
    'src/federation/store/adoption.ts',
    'src/federation/store/federation-database.ts',
    // In a thread that ends with the audit.
    'src/federation/workers/audit.ts',
    'src/mining/store/adoption.ts',
    'src/mining/store/mining-database.ts',
    'src/store/backup.ts',
    'src/store/copy.ts',
    'src/store/database.ts',
    'src/store/statements.ts',
    'src/store/verify.ts',
    'src/trades/backend/ingest-database.ts',
    'src/trades/store/trades-database.ts',
  ]);
});
