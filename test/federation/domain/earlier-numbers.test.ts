import { describe, expect, it } from 'vitest';
import { EarlierNumbers } from '../../../src/federation/domain/earlier-numbers.ts';

describe('earlier numbers', () => {
  it('earlier numbers - counts follow the definitions of the earlier version: rates of all tasks, rounded to the nearest, windows from midnight', () => {
    const before = new EarlierNumbers();
    for (const [status, cached] of [
      ['completed', 1],
      ['completed', 0],
      ['failed', 1],
      ['received', null],
      ['timeout', null],
      [null, null],
      ['ok', 0],
    ]) {
      before.task({ status, cached, success: 0 });
    }
    for (let invoice = 0; invoice < 3; invoice++) before.invoice();
    for (const lastSeen of [
      '2026-01-15T00:00:01.000Z',
      '2026-01-15T23:59:59.000Z',
      '2026-01-14T23:59:59.000Z',
      null,
      'yesterday, or so',
    ]) {
      before.node({ last_seen_at: lastSeen, status: 'offline' });
    }
    expect(before.numbers).toEqual({
      totalTasks: 7,
      completedTasks: 2,
      failedTasks: 1,
      cachedTasks: 2,
      totalInvoices: 3,
      totalNodes: 5,
      activeNodes: 2,
      successRate: 28.57,
      cacheHitRate: 28.57,
    });
  });

  it('earlier numbers - a file without rows gives zeros', () => {
    expect(Object.values(new EarlierNumbers().numbers)).toEqual(Array.from({ length: 9 }, () => 0));
  });
});
