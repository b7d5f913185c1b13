import { expect, test } from 'vitest';
import { OutcomeWaits } from '../../../src/agent/ingest/outcome-waits.ts';

test('OutcomeWaits - a completion waits from the first mark after it came', () => {
  const waits = new OutcomeWaits(10_000);
  expect(waits.due(0)).toBeNull();
  waits.mark(3, 1_000);
  waits.mark(3, 5_000);
  waits.mark(5, 6_000);
  expect(waits.due(10_999)).toBeNull();
  expect(waits.due(11_000)).toBe(3);
  waits.released(3);
  expect(waits.due(15_999)).toBeNull();
  expect(waits.due(16_000)).toBe(5);
  waits.released(5);
  expect(waits.due(1e9)).toBeNull();
});

test('OutcomeWaits - above its limit of marks completions wait a little longer, and none is forgotten', () => {
  const waits = new OutcomeWaits(10_000);
  for (let number = 1; number <= 500; number++) waits.mark(number, number);
  expect(waits.due(10_000 + 99)).toBe(99);
  expect(waits.due(10_000 + 499)).toBe(99);
  expect(waits.due(10_000 + 500)).toBe(500);
});
