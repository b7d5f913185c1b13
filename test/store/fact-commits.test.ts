import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/lib/errors.ts';
import { FactCommits, GROUP_FACTS_MAX } from '../../src/store/fact-commits.ts';
import type { FactsMessage } from '../../src/store/fact-messages.ts';
import { ManualTime } from '../support/manual-time.ts';

interface Told {
  readonly type: 'good' | 'bad';
  readonly id: number;
}

const good = (id: number): Told => ({ type: 'good', id });
const bad = (id: number): Told => ({ type: 'bad', id });
const FULL = Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Commits into a list; the test sets what refuses. */
function setUp() {
  const time = new ManualTime();
  const stored: number[][] = [];
  const told: string[] = [];
  const log: string[] = [];
  const outside: { refusal: Error | null; refusedIds: readonly number[] } = { refusal: null, refusedIds: [] };
  const commits = new FactCommits<Told, number>({
    path: '/data/aggregator.db',
    database: { pragma: () => undefined },
    files: { check: () => undefined, written: () => undefined, suspect: () => undefined },
    disk: { room: () => ({ freeBytes: 50, sizeBytes: 100 }), sizeBytes: () => 7 },
    clock: time,
    timers: time,
    seams: {},
    commit(groups, isDurable) {
      const facts = groups.flatMap((group) => group.facts);
      if (outside.refusal !== null) throw outside.refusal;
      if (facts.some(({ type }) => type === 'bad')) throw new TypeError('cannot be stored');
      if (facts.some(({ id }) => outside.refusedIds.includes(id))) throw FULL;
      stored.push(facts.map(({ id }) => id));
      return isDurable ? 1 : 0;
    },
    committed: (sequence, reports) => void told.push(`${sequence}: ${reports.join(' ')}`),
    log: (level, sentence) => void log.push(`${level} ${sentence}`),
    fatal: ({ code }) => void told.push(`fatal ${code}`),
  });
  let sequence = 0;
  const tell = (facts: readonly Told[], isAwaited = false) => {
    const message: FactsMessage<Told> = {
      type: 'facts',
      sequence: ++sequence,
      facts,
      toldAtMs: 0,
      isAwaited,
    };
    commits.receive(message);
  };
  return { commits, time, stored, told, log, outside, tell };
}

describe('commits of facts', () => {
  it('commits - facts for which somebody waits are stored at once, others soon, each with what came beside', async () => {
    const { time, stored, told, tell } = setUp();
    tell([good(1)]);
    tell([good(2)]);
    await settle();
    expect(stored).toEqual([]);
    await time.advance(200, settle);
    tell([good(3)], true);
    tell([good(4)]);
    await settle();
    expect(stored).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(told).toEqual(['2: 0', '4: 1']);
  });

  it('commits - a transaction has so many facts, unless one message has more', async () => {
    const { time, stored, tell } = setUp();
    const many = (count: number) => Array.from({ length: count }, (_, id) => good(id));
    for (const count of [GROUP_FACTS_MAX - 1, 1, 1, GROUP_FACTS_MAX + 5, 2]) tell(many(count));
    await time.advance(200, settle);
    expect(stored.map((ids) => ids.length)).toEqual([GROUP_FACTS_MAX, 1, GROUP_FACTS_MAX + 5, 2]);
  });

  it('commits - what the environment refuses is stored when it takes facts again, in order, and nothing is told before', async () => {
    const { commits, time, stored, told, log, outside, tell } = setUp();
    outside.refusal = FULL;
    tell([good(1)], true);
    await settle();
    tell([good(2)], true);
    await time.advance(5_000, settle);
    expect([stored, told, commits.isBusy]).toEqual([[], [], true]);
    expect(commits.health.status().databaseProblem).toMatch(/the disk is full/);
    outside.refusal = null;
    await time.advance(200, settle);
    expect([stored, told, commits.isBusy]).toEqual([[[1, 2]], ['2: 1'], false]);
    expect(log.map((line) => line.split(' ', 1)[0])).toEqual(['error', 'info']);
  });

  it('commits - a fact that cannot be stored is left out, also if the disk refuses in the middle', async () => {
    const { commits, time, stored, told, log, outside, tell } = setUp();
    outside.refusedIds = [3];
    tell([good(0)]);
    tell([good(1), bad(2), good(3), bad(4)], true);
    await settle();
    expect([stored, told]).toEqual([[[0], [1]], []]);
    outside.refusedIds = [];
    await time.advance(200, settle);
    // What was stored does not come again, and is told with the others.
    expect([stored, told]).toEqual([[[0], [1], [3]], ['2: 1 1 1']]);
    tell([bad(5)]);
    await time.advance(200, settle);
    expect([told.at(-1), commits.isBusy]).toEqual(['3: ', false]);
    expect(commits.unstorable).toBe(3);
    expect(log.filter((line) => line.includes('a fact of the kind "bad"'))).toHaveLength(1);
  });

  it('commits - a stop stores what waits, and tries no more if the files can never be written again', async () => {
    const first = setUp();
    first.tell([good(1)]);
    await first.commits.stop();
    expect([first.stored, first.time.timers]).toEqual([[[1]], 0]);
    const second = setUp();
    second.outside.refusal = new CodedError('database_replaced', 'another file');
    second.tell([good(1)], true);
    await settle();
    await second.commits.stop();
    expect([second.stored, second.told, second.commits.isBusy]).toEqual([
      [],
      ['fatal database_replaced'],
      true,
    ]);
  });

  it('commits - housekeeping that fails stops nothing; a defect is told once, a refusal with the next commit', () => {
    const { commits, log } = setUp();
    const fail = (error: Error) =>
      commits.tryHousekeeping(() => {
        throw error;
      });
    expect(commits.tryHousekeeping(() => 5)).toBe(5);
    expect([fail(FULL), log]).toEqual([null, []]);
    expect([fail(new TypeError('x')), fail(new TypeError('y')), log.length]).toEqual([null, null, 1]);
    expect(log[0]).toMatch(/^error housekeeping failed \(TypeError\): this is a defect/);
  });
});
