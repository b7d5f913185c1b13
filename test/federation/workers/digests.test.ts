// Digests of real databases: equal rows have equal digests whatever their order, and each kind of difference shows in its
// own table.

import { describe, expect, it, onTestFinished } from 'vitest';
import {
  addDigests,
  type DigestRange,
  isBalanced,
  readDigestAnswer,
} from '../../../src/federation/domain/digests.ts';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { readDigests } from '../../../src/federation/workers/digests.ts';
import { completed, DAY_MS, hash, invoiced, joined, NOW_MS, received } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

const TABLES = ['tasks', 'invoices', 'nodes'] as const;

function database(
  signals: readonly Signal[],
  atMs: (index: number) => number = (index) => NOW_MS + index,
): Opened {
  const folder = testFolder('digests');
  const opened = new Opened(folder.path('a.db'));
  onTestFinished(() => {
    opened.writer.close();
    folder.remove();
  });
  for (const [index, signal] of signals.entries())
    opened.writer.apply(signal, { atMs: atMs(index), nowMs: NOW_MS, observedMs: 0 });
  opened.commit();
  return opened;
}

const range = (table: DigestRange['table'], after: number, upto: number, keptMs = 0): DigestRange => ({
  type: 'range',
  table,
  after,
  upto,
  keptMs,
});

function digestsOf({ database: file }: Opened, keptMs = 0): Record<string, unknown> {
  const answers = TABLES.map((table) => readDigests(file, range(table, 0, 1_000, keptMs)));
  return Object.assign(
    {},
    ...answers.map((answer) => (answer.type === 'range' ? answer.digests : {})),
  ) as Record<string, unknown>;
}

const SIGNALS = [
  joined('node-a'),
  ...[1, 2, 3, 4, 5].map((number) => received('node-a', hash(number))),
  completed('node-a', hash(3)),
  invoiced('node-a', hash(9)),
  joined('node-b'),
];

/** The names of the tables that differ from `SIGNALS`. */
function differing(signals: readonly Signal[], atMs?: (index: number) => number): string[] {
  const [one, other] = [digestsOf(database(SIGNALS)), digestsOf(database(signals, atMs))];
  return Object.keys(one).filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
}

describe('digests', () => {
  it('digests - two databases of the same messages have the same digests, whatever their own clocks', () => {
    const [one, other] = [database(SIGNALS), database(SIGNALS)];
    other.database.exec(
      'UPDATE nodes SET state = 2, created_ms = 5; UPDATE tasks SET created_after_ms = 77; UPDATE labels SET label_id = label_id + 7; UPDATE tasks SET chain = chain + 7, type = type + 7',
    );
    other.database.exec('UPDATE tasks SET id = 1000 - id');
    expect(digestsOf(other)['tasks']).toEqual(digestsOf(one)['tasks']);
    expect(digestsOf(other)['nodes']).toEqual(digestsOf(one)['nodes']);
    expect(digestsOf(one)).toMatchObject({
      tasks: { rows: 5 },
      taskReporters: { rows: 5 },
      invoices: { rows: 1 },
      nodes: { rows: 2 },
    });
    const summaries = [one, other].map(({ database: file }) => readDigests(file, { type: 'summary' }));
    expect(summaries[0]).toMatchObject({
      progress: 0,
      lastIds: { tasks: 5, invoices: 1, nodes: 2 },
      sources: [],
    });
    expect(summaries[0]).toMatchObject({ labels: (summaries[1] as { labels: unknown }).labels });
  });

  it('digests - each kind of difference shows in its own table', () => {
    const sameTimes = (index: number) => NOW_MS + index;
    expect(differing(SIGNALS, sameTimes)).toEqual([]);
    expect(differing([...SIGNALS, received('node-a', hash(6))])).toEqual(['tasks', 'taskReporters', 'nodes']);
    expect(differing(SIGNALS.with(5, received('node-b', hash(5))))).toEqual(['taskReporters', 'nodes']);
    expect(differing(SIGNALS, (index) => NOW_MS + index + (index === 7 ? 1 : 0))).toEqual([
      'invoices',
      'nodes',
    ]);
    expect(differing(SIGNALS.with(8, joined('node-c')))).toEqual(['nodes']);
  });

  it('digests - those of ranges add up to that of the table, and rows seen last before the limit are left out', () => {
    const opened = database(SIGNALS);
    const of = (after: number, upto: number, keptMs = 0) => {
      const answer = readDigests(opened.database, range('tasks', after, upto, keptMs));
      return answer.type === 'range' ? answer.digests['tasks'] : undefined;
    };
    const [first, second, whole] = [of(0, 2), of(2, 9), of(0, 9)];
    expect(first).toMatchObject({ rows: 2 });
    if (first !== undefined && second !== undefined) expect(addDigests(first, second)).toEqual(whole);
    expect(of(0, 9, NOW_MS + 3)).toMatchObject({ rows: 3 });
    expect(of(0, 9, NOW_MS + DAY_MS)).toEqual({ rows: 0, sum: '0000000000000000' });
  });

  it('digests - an answer is read as it was made, and nothing else is', () => {
    const opened = database(SIGNALS);
    for (const request of [{ type: 'summary' } as const, range('tasks', 0, 9)]) {
      const answer = readDigests(opened.database, request);
      expect(readDigestAnswer(JSON.parse(JSON.stringify(answer)))).toEqual(answer);
      expect(readDigestAnswer({ ...answer, progress: -1 })).toBeNull();
    }
    expect(
      readDigestAnswer({ type: 'range', progress: 1, digests: { tasks: { rows: 1, sum: 'x' } } }),
    ).toBeNull();
  });

  it('digests - an account is balanced if every sequence has one outcome', () => {
    const numbers = { applied: 2, duplicate: 1, rejected: 0, rateLimited: 0, quarantined: 0, ignored: 0 };
    const source = {
      stream: 's',
      incarnation: 'i',
      first: 5,
      upto: 9,
      outcomes: 3,
      lost: 1,
      elsewhere: 1,
      ...numbers,
    };
    expect(isBalanced(source)).toBe(true);
    expect(isBalanced({ ...source, upto: 10 })).toBe(false);
  });
});
