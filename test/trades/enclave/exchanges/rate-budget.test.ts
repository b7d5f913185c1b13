// The budget of an exchange, with time moved by hand.

import { expect, it } from 'vitest';
import { RateBudget, WAITING_MAX } from '../../../../src/trades/enclave/exchanges/rate-budget.ts';
import { ManualTime } from '../../../support/manual-time.ts';

const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

function budgetOf() {
  const time = new ManualTime();
  return { time, budget: new RateBudget({ clock: time, timers: time }) };
}

it('budget - requests leave in order, half a second of work at once and the rest in its time', async () => {
  const { time, budget } = budgetOf();
  const startMs = time.monotonicMs();
  const left: (readonly [number, number])[] = [];
  for (let nth = 0; nth < 8; nth += 1)
    void budget.take(200).then(() => left.push([nth, time.monotonicMs() - startMs]));
  await time.advance(2_000, settle);
  expect(left).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 100],
    [4, 300],
    [5, 500],
    [6, 700],
    [7, 900],
  ]);
});

it('budget - what many accounts wait for goes before the rest', async () => {
  const { time, budget } = budgetOf();
  const left: string[] = [];
  const take = (name: string, isShared: boolean) =>
    void budget.take(1_000, isShared).then(() => left.push(name));
  for (const name of ['poll 1', 'poll 2', 'poll 3']) take(name, false);
  take('price 1', true);
  take('price 2', true);
  await time.advance(10_000, settle);
  expect(left).toEqual(['poll 1', 'price 1', 'price 2', 'poll 2', 'poll 3']);
});

it('budget - a pause refuses those that wait, and lets none leave', async () => {
  const { time, budget } = budgetOf();
  await budget.take(10_000);
  const waiting = budget.take(1);
  budget.pause(3_000);
  await expect(waiting).rejects.toMatchObject({ kind: 'rate_limited' });
  await expect(budget.take(1)).rejects.toMatchObject({ kind: 'rate_limited' });
  expect(budget.pausedForMs).toBe(10_000);
  // Others that were under way are refused too: that is no second pause, but the longest wait counts.
  budget.pause(15_000);
  expect([budget.pausedForMs, budget.pauses]).toEqual([15_000, 1]);
  await time.advance(15_000, settle);
  await budget.take(1);
});

it('budget - pauses double up to 10 minutes, and are short again after a quiet time', async () => {
  const { time, budget } = budgetOf();
  const lengths: number[] = [];
  for (let nth = 0; nth < 8; nth += 1) {
    budget.pause(0);
    lengths.push(budget.pausedForMs / 1_000);
    await time.advance(budget.pausedForMs, settle);
    budget.succeeded();
  }
  expect(lengths).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
  await time.advance(600_000, settle);
  budget.succeeded();
  budget.pause(0);
  expect(budget.pausedForMs).toBe(10_000);
});

it('budget - a wait that an answer asks for has its real length', () => {
  const { budget } = budgetOf();
  budget.pause(2 * 86_400_000);
  expect(budget.pausedForMs).toBe(2 * 86_400_000);
});

it('budget - beyond its bound a request is refused', async () => {
  const { budget } = budgetOf();
  await budget.take(1_000_000);
  const waiting = Array.from({ length: WAITING_MAX }, () => budget.take(1).catch((error: unknown) => error));
  await expect(budget.take(1)).rejects.toMatchObject({ kind: 'rate_limited' });
  budget.stop();
  expect(await Promise.all(waiting)).toHaveLength(WAITING_MAX);
  expect(budget.waiting).toBe(0);
  await expect(budget.take(1)).rejects.toMatchObject({ kind: 'unreachable' });
});

it('calendar - a thousand polls of one moment are spread over what four fifths of the budget allow', () => {
  const { time, budget } = budgetOf();
  const startMs = time.monotonicMs();
  const begins = Array.from({ length: 1_000 }, () => budget.reserve(50, startMs + 10_000) - startMs);
  expect(Math.min(...begins)).toBeGreaterThanOrEqual(10_000);
  const lastMs = Math.max(...begins);
  expect(lastMs).toBeGreaterThan(10_000 + (1_000 * 50) / 0.8 - 500);
  expect(lastMs).toBeLessThan(10_000 + (1_000 * 50) / 0.8 + 500);
  // In each second no more work begins than the budget has.
  for (let second = 10; second < 70; second += 1)
    expect(begins.filter((begin) => Math.floor(begin / 1_000) === second).length * 50).toBeLessThanOrEqual(
      850,
    );
  // A poll that wants an earlier time gets it.
  expect(budget.reserve(50, startMs + 1_000)).toBeLessThan(startMs + 1_250);
});

it('calendar - what is past is forgotten, and two hours ahead is the end', async () => {
  const { time, budget } = budgetOf();
  const nowMs = time.monotonicMs();
  expect(budget.reserve(10_000_000, nowMs)).toBe(nowMs);
  expect(budget.reserve(100, nowMs)).toBe(nowMs + 7_200_000);
  await time.advance(7_200_000, settle);
  const laterMs = time.monotonicMs();
  expect(budget.reserve(100, laterMs)).toBeLessThan(laterMs + 500);
});
