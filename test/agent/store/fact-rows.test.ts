import { describe, expect, test } from 'vitest';
import { openState } from '../../../src/agent/store/open-state.ts';
import { DAY_MS } from '../../../src/lib/durations.ts';
import { FORGOTTEN_AFTER_DAYS } from '../../../src/agent/store/fact-rows.ts';

const NOW_MS = 20_000 * DAY_MS;

function make(factsMax?: number, executionsMax?: number) {
  const { writer, database } = openState({
    path: null,
    nowMs: NOW_MS,
    ...(factsMax === undefined ? {} : { factsMax }),
    ...(executionsMax === undefined ? {} : { executionsMax }),
  });
  const keyOf = (id: string) => writer.keyOf('invoice', id);
  const knows = (id: string) => writer.find('invoice', keyOf(id)) !== null;
  const remember = (ids: readonly string[], atMs: number | null, nowMs = NOW_MS) =>
    writer.change(() => {
      for (const id of ids) writer.remember({ kind: 'invoice', key: keyOf(id), chainId: null, atMs }, nowMs);
    }, false);
  const count = () => Number(database.prepare('SELECT count(*) FROM facts').pluck().get());
  const days = () => database.prepare('SELECT day, count FROM fact_days ORDER BY day').raw().all();
  return { writer, database, keyOf, knows, remember, count, days };
}

function forget({ writer }: ReturnType<typeof make>, nowMs: number, isShownAgain: boolean): number {
  let steps = 0;
  for (; writer.isForgettingDue(nowMs); steps++)
    writer.change(() => writer.forgetStep(nowMs, isShownAgain), false);
  return steps;
}

describe('the limit of facts', () => {
  test('the oldest by their own time make room, and count as known from then on', () => {
    const state = make(64);
    state.remember(
      Array.from({ length: 10 }, (_, n) => `old ${n}`),
      NOW_MS - 3 * DAY_MS,
    );
    state.remember(
      Array.from({ length: 54 }, (_, n) => `new ${n}`),
      NOW_MS - 2 * DAY_MS,
    );
    expect(state.count()).toBe(64);
    expect(state.writer.mayBeEvicted(0, NOW_MS)).toBe(false);
    state.remember(['one more'], NOW_MS - DAY_MS);
    expect(state.count()).toBe(63);
    expect(state.days()).toEqual([
      [19_997, 8],
      [19_998, 54],
      [19_999, 1],
    ]);
    expect(state.knows('one more')).toBe(true);
    expect(state.writer.mayBeEvicted(NOW_MS - 3 * DAY_MS, NOW_MS)).toBe(true);
    expect(state.writer.mayBeEvicted(NOW_MS - 2 * DAY_MS, NOW_MS)).toBe(false);
    expect(state.writer.mayBeEvicted(null, NOW_MS)).toBe(false);
  });

  test('facts of today make room too, but an unknown fact of today is never taken for one of them', () => {
    const state = make(64);
    state.remember(
      Array.from({ length: 200 }, (_, n) => `today ${n}`),
      null,
    );
    expect(state.count()).toBeLessThanOrEqual(64);
    expect(state.writer.mayBeEvicted(null, NOW_MS)).toBe(false);
    expect(state.writer.mayBeEvicted(NOW_MS, NOW_MS)).toBe(false);
  });
});

describe('forgetting', () => {
  test('a fact that no source has shown for 90 days goes, one shown on the last day stays', () => {
    const state = make();
    state.remember(['gone', 'kept'], NOW_MS);
    const later = NOW_MS + FORGOTTEN_AFTER_DAYS * DAY_MS;
    state.writer.change(
      () => state.writer.shown('invoice', state.keyOf('kept'), 'logs', NOW_MS + DAY_MS),
      false,
    );
    expect(forget(state, later, false)).toBe(1);
    expect([state.knows('gone'), state.knows('kept')]).toEqual([true, true]);
    forget(state, later + DAY_MS, false);
    expect([state.knows('gone'), state.knows('kept')]).toEqual([false, true]);
    expect(state.days()).toEqual([[20_000, 1]]);
    forget(state, later + 2 * DAY_MS, false);
    expect(state.count()).toBe(0);
  });

  test('an event file that has not changed for a hundred days keeps its facts', () => {
    const state = make();
    state.remember(['old', 'gone'], NOW_MS);
    const later = NOW_MS + 100 * DAY_MS;
    forget(state, later, true);
    expect(state.count()).toBe(2);
    // It changes, and is read whole: what it shows no more is forgotten on the next day.
    state.writer.change(() => state.writer.shown('invoice', state.keyOf('old'), 'events', later), false);
    forget(state, later + DAY_MS, true);
    expect([state.knows('old'), state.knows('gone')]).toEqual([true, false]);
  });

  test('goes through the table in steps, and looks at every fact', () => {
    const state = make();
    state.remember(
      Array.from({ length: 12_000 }, (_, n) => `${n}`),
      NOW_MS,
    );
    expect(forget(state, NOW_MS + 200 * DAY_MS, false)).toBe(3);
    expect(state.count()).toBe(0);
    expect(state.days()).toEqual([]);
  });
});

describe('executions under way', () => {
  test('those that were heard of longest ago make room', () => {
    const { writer } = make(undefined, 3);
    const keys = ['a', 'b', 'c', 'd'].map((id) => writer.keyOf('received', id));
    const begin = (index: number, atMs: number) => {
      const key = keys[index] ?? Buffer.alloc(0);
      writer.keepExecution(key, { receivedMs: null, startedMs: atMs, metrics: null }, atMs);
    };
    writer.change(() => {
      for (const index of [0, 1, 2]) begin(index, index);
      begin(0, 10);
      begin(3, 11);
    }, false);
    expect(keys.map((key) => writer.execution(key) !== null)).toEqual([true, false, true, true]);
    expect(writer.begun(0, 100)).toHaveLength(2);
    expect(writer.begun(10, 10)).toEqual([keys[0]]);
  });

  test('an execution that begins and ends in one transaction leaves no row', () => {
    const { writer, database } = make();
    const key = writer.keyOf('received', 'a');
    writer.change(() => {
      writer.keepExecution(key, { receivedMs: 1, startedMs: 2, metrics: null }, 2);
      writer.keepExecution(key, { receivedMs: null, startedMs: null, metrics: null }, 3);
    }, false);
    expect(database.prepare('SELECT count(*) FROM executions').pluck().get()).toBe(0);
    expect(writer.execution(key)).toBeNull();
  });
});

test('a transaction that fails leaves neither the file nor the memory changed', () => {
  const { writer, database, keyOf, knows, days } = make();
  const attempt = () =>
    writer.change(() => {
      writer.remember({ kind: 'invoice', key: keyOf('a'), chainId: null, atMs: NOW_MS }, NOW_MS);
      writer.queue({ type: 'invoice_created', payload: 'a', isHistory: false });
      writer.awaitMetrics(keyOf('a'), { taskIdHash: 'h', chainId: null, atMs: 1, isHistory: false });
      writer.keepExecution(keyOf('a'), { receivedMs: NOW_MS, startedMs: null, metrics: null }, 1);
      writer.count('invoices');
      writer.countFact('invoice', 'logs', 'queued');
      throw new RangeError('a fact that cannot be stored');
    }, false);
  const before = writer.values.commits;
  expect(attempt).toThrow('cannot be stored');
  expect(knows('a')).toBe(false);
  expect([
    writer.waiting,
    writer.awaiting,
    writer.counts(NOW_MS).active,
    writer.counts(NOW_MS).invoices,
  ]).toEqual([0, 0, 0, 0]);
  expect(writer.factsOfProcess()).toEqual([]);
  expect(writer.values.factCounts).toEqual({ known: 0, remembered: 0, queued: 0 });
  expect(writer.values.commits).toBe(before);
  expect(days()).toEqual([]);
  expect(database.inTransaction).toBe(false);
});
