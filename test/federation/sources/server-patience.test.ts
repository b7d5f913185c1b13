import { expect, it } from 'vitest';
import { LEFT_AFTER_MS, ServerPatience } from '../../../src/federation/sources/server-patience.ts';

it('server patience - it is over after 10 s without an answer, and never while nothing is asked', () => {
  const patience = new ServerPatience();
  expect(patience.isOver(1_000_000)).toBe(false);
  patience.begin(0);
  patience.begin(5_000);
  expect([patience.isOver(LEFT_AFTER_MS - 1), patience.isOver(LEFT_AFTER_MS)]).toEqual([false, true]);
  patience.answered(9_000);
  expect([patience.isOver(LEFT_AFTER_MS), patience.isOver(9_000 + LEFT_AFTER_MS)]).toEqual([false, true]);
  patience.forget();
  patience.answered(1);
  expect([patience.isTrying, patience.isOver(1_000_000)]).toEqual([false, false]);
});

it('server patience - waiting for somebody else does not count', () => {
  const patience = new ServerPatience();
  patience.begin(0);
  patience.wait(4_000);
  expect(patience.isOver(100_000)).toBe(false);
  patience.begin(104_000);
  expect([patience.isOver(109_999), patience.isOver(110_000)]).toEqual([false, true]);
});
