// The budget of false proofs: ten in any minute, for each address apart, in bounded memory.

import { describe, expect, it } from 'vitest';
import {
  BUDGETED_ADDRESSES_MAX,
  FAILURE_WINDOW_MS,
  FailureBudgets,
  FALSE_PROOFS_MAX,
} from '../../../src/mining/domain/failure-budgets.ts';

describe('failure budgets', () => {
  it('more than ten false proofs in a minute are over the budget, until the first of them is a minute old', () => {
    const budgets = new FailureBudgets();
    for (let n = 0; n <= FALSE_PROOFS_MAX; n++) {
      expect(budgets.isOver('a', n * 1000)).toBe(false);
      budgets.failed('a', n * 1000);
    }
    expect(budgets.isOver('a', 10_000)).toBe(true);
    expect(budgets.isOver('b', 10_000)).toBe(false);
    expect(budgets.isOver('a', FAILURE_WINDOW_MS - 1)).toBe(true);
    expect(budgets.isOver('a', FAILURE_WINDOW_MS)).toBe(false);
    expect(budgets.overAt(10_000)).toBe(1);
  });

  it('an address that goes on failing stays over its budget', () => {
    const budgets = new FailureBudgets();
    for (let nowMs = 0; nowMs < 600_000; nowMs += 1000) budgets.failed('a', nowMs);
    expect(budgets.isOver('a', 600_000)).toBe(true);
    expect(budgets.isOver('a', 5910_000 - 10_000 + FAILURE_WINDOW_MS)).toBe(false);
  });

  it('ten a minute are no reason, however long', () => {
    const budgets = new FailureBudgets();
    for (let nowMs = 0; nowMs < 600_000; nowMs += 6_000) {
      budgets.failed('a', nowMs);
      expect(budgets.isOver('a', nowMs)).toBe(false);
    }
  });

  it('forgets addresses whose last false proof is a minute old, and the oldest when there are too many', () => {
    const budgets = new FailureBudgets();
    for (let n = 0; n < BUDGETED_ADDRESSES_MAX + 5; n++) budgets.failed(`a${n}`, n);
    expect(budgets.size).toBe(BUDGETED_ADDRESSES_MAX);
    budgets.failed('late', BUDGETED_ADDRESSES_MAX + FAILURE_WINDOW_MS + 4);
    expect(budgets.size).toBe(1);
  });
});
