// The comparison of replicas over real databases: equal, different in one row, at different places, under load.

import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Answers,
  type CompareParts,
  compareReplicas,
} from '../../../src/federation/cli/cluster-compare.ts';
import type { DigestAnswer, DigestRequest } from '../../../src/federation/domain/digests.ts';
import { readDigests } from '../../../src/federation/workers/digests.ts';
import { hash, invoiced, joined, NOW_MS, received } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

function replica(tasks: number): Opened {
  const folder = testFolder('compare');
  const opened = new Opened(folder.path('a.db'));
  onTestFinished(() => {
    opened.writer.close();
    folder.remove();
  });
  add(opened, 0, tasks);
  opened.writer.apply(joined('node-b'), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  opened.writer.apply(invoiced('node-b', hash(7)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  opened.commit();
  return opened;
}

function add(opened: Opened, from: number, to: number): void {
  for (let task = from; task < to; task++)
    opened.writer.apply(received('node-a', hash(task)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  opened.commit();
}

interface World {
  readonly parts: CompareParts;
  rests: number;
}

function world(replicas: readonly Opened[], more: Partial<CompareParts> = {}): World {
  const made: World = {
    rests: 0,
    parts: {
      ask: (request) => Promise.resolve(answersOf(replicas, request)),
      keptMs: 0,
      isOver: () => made.rests > 5,
      rest: () => {
        made.rests++;
        return Promise.resolve();
      },
      progress: () => undefined,
      ...more,
    },
  };
  return made;
}

function answersOf(replicas: readonly Opened[], request: DigestRequest): Answers {
  return new Map(
    replicas.map(({ database }, index): [string, DigestAnswer] => [
      `replica-${index + 1}`,
      readDigests(database, request),
    ]),
  );
}

async function verdicts({ parts }: World): Promise<Readonly<Record<string, unknown>>> {
  const { tables, isClean } = await compareReplicas(parts);
  expect(isClean).toBe(tables.every(({ verdict }) => verdict === 'equal'));
  return Object.fromEntries(
    tables
      .filter(({ verdict }) => verdict !== 'equal')
      .map(({ table, verdict, first }) => [table, [verdict, first]]),
  );
}

describe('comparison of replicas', () => {
  it('comparison of replicas - equal databases are clean, empty ones too', async () => {
    const report = await compareReplicas(world([replica(50), replica(50)]).parts);
    expect(report).toMatchObject({ replicas: ['replica-1', 'replica-2'], progress: [0, 0], isClean: true });
    expect(report.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['tasks', 50],
      ['taskReporters', 50],
      ['invoices', 1],
      ['invoiceReporters', 1],
      ['nodes', 2],
      ['labels', 3],
      ['commands', 0],
      ['sources', 0],
    ]);
  });

  it('comparison of replicas - a difference names the table and the first id', async () => {
    const other = replica(50);
    other.database.exec('UPDATE tasks SET outcome = 5 WHERE id IN (37, 41)');
    expect(await verdicts(world([replica(50), other]))).toEqual({
      tasks: ['differs', { after: 36, upto: 37 }],
    });
    other.database.exec(
      'UPDATE nodes SET heartbeats = 9 WHERE number = 2; DELETE FROM labels WHERE dimension = 10',
    );
    expect(Object.keys(await verdicts(world([replica(50), other])))).toEqual([
      'tasks',
      'invoices',
      'nodes',
      'labels',
    ]);
  });

  it('comparison of replicas - equal rows under other ids are equal', async () => {
    const other = replica(50);
    other.database.exec('UPDATE tasks SET id = 50000 - id');
    expect(await verdicts(world([replica(50), other]))).toEqual({});
  });

  it('comparison of replicas - a replica that lags is waited for, and a difference at other places is no difference', async () => {
    const [ahead, behind] = [replica(50), replica(40)];
    const lagging: World = world([ahead, behind], {
      ask: (request) => {
        const answers = [...answersOf([ahead, behind], request)];
        return Promise.resolve(
          new Map(
            answers.map(([name, answer], index) => [name, { ...answer, progress: index === 0 ? 50 : 40 }]),
          ),
        );
      },
      rest: () => {
        lagging.rests++;
        if (lagging.rests === 3) add(behind, 40, 50);
        return Promise.resolve();
      },
    });
    // The order in which rows came differs here, so the ids differ, but the sums do not.
    const report = await compareReplicas(lagging.parts);
    expect(lagging.rests).toBeGreaterThanOrEqual(3);
    expect(report.tables.filter(({ verdict }) => verdict === 'differs')).toEqual([]);
  });

  it('comparison of replicas - replicas that never stand at one place are not compared, and that is not clean', async () => {
    const [ahead, behind] = [replica(50), replica(40)];
    let progress = 0;
    const moving = world([ahead, behind], {
      ask: (request) => {
        const answers = [...answersOf([ahead, behind], request)];
        return Promise.resolve(
          new Map(answers.map(([name, answer]) => [name, { ...answer, progress: progress++ }])),
        );
      },
    });
    expect(await verdicts(moving)).toMatchObject({
      tasks: ['unsettled', null],
      taskReporters: ['unsettled', null],
    });
    expect(moving.rests).toBeGreaterThan(5);
  });

  it('comparison of replicas - an account in which a message has no outcome is named', async () => {
    const [one, other] = [replica(5), replica(5)];
    for (const { database } of [one, other])
      database.exec(`INSERT INTO ingest_position (stream, incarnation, first_seq, last_seq, last_ms, applied, duplicate,
          rejected, rate_limited, quarantined, ignored, lost, elsewhere)
        VALUES ('S', 'i', 1, 10, 0, 5, 2, 1, 0, 0, 0, 1, 1)`);
    expect((await compareReplicas(world([one, other]).parts)).isClean).toBe(true);
    other.database.exec('UPDATE ingest_position SET lost = 2');
    const report = await compareReplicas(world([one, other]).parts);
    expect(report.isClean).toBe(false);
    expect(report.accounts.filter(({ isBalanced }) => !isBalanced)).toEqual([
      { replica: 'replica-2', stream: 'S', first: 1, upto: 10, isBalanced: false },
    ]);
    expect(report.tables.find(({ table }) => table === 'sources')?.verdict).toBe('differs');
  });
});
