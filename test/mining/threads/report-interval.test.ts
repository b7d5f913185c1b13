// How often the journal is told who was heard.

import { expect, it } from 'vitest';
import { reportIntervalMs } from '../../../src/mining/threads/miner-requests.ts';

it.each([
  [0, 2_000],
  [1_000, 2_000],
  [5_000, 5_000],
  [10_000, 10_000],
  [50_000, 10_000],
])(
  'reports of %i machines are %i ms apart, at most a sixth of the silence that makes one stale',
  (machines, ms) => {
    expect(reportIntervalMs(machines)).toBe(ms);
  },
);
