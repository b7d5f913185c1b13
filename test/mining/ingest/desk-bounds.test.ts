// What the desk remembers is bounded.

import { describe, expect, it } from 'vitest';
import { EARLY_ENTRIES_MAX, EarlyEntries } from '../../../src/mining/ingest/early-entries.ts';
import { FALSE_PROOFS_MAX, FalseProofs } from '../../../src/mining/ingest/false-proofs.ts';
import { NOTICE_CHARACTERS_MAX, NOTICES_MAX, Notices } from '../../../src/mining/ingest/notices.ts';
import { RunningChecks } from '../../../src/mining/ingest/running-checks.ts';
import { entry, submission } from '../domain/mining-blocks.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { flush } from './desk-bench.ts';

describe('desk bounds', () => {
  it('desk bounds - of false proofs the oldest is forgotten, and one that is told again is the newest', () => {
    const proofs = new FalseProofs();
    const of = (nonce: number) => submission({ nonce: BigInt(nonce) });
    for (let nonce = 0; nonce < FALSE_PROOFS_MAX; nonce++) proofs.remember(of(nonce), 'h1', 1n);
    proofs.remember(of(0), 'h1', 2n);
    proofs.remember(of(FALSE_PROOFS_MAX), 'h1', 1n);
    expect([0, 1, 2].map((nonce) => proofs.computed(of(nonce), 'h1'))).toEqual([2n, undefined, 1n]);
    expect(proofs.computed(of(2), 'h2')).toBeUndefined();
  });

  it('desk bounds - of notices the oldest is forgotten, and a text is cut', () => {
    const notices = new Notices();
    for (let at = 0; at <= NOTICES_MAX; at++) notices.add(`${at}`, 'h1', 'x'.repeat(1000));
    expect(notices.shown().size).toBe(NOTICES_MAX);
    expect(notices.take('0', 'h1')).toBeNull();
    expect(notices.take('1', 'h2')).toBeNull();
    expect(notices.take('1', 'h1')?.length).toBe(NOTICE_CHARACTERS_MAX);
    expect(notices.take('1', 'h1')).toBeNull();
  });

  it('desk bounds - of early entries the newest of the address that has most of them are forgotten', () => {
    const early = new EarlyEntries();
    const judged: number[] = [];
    let removed = 0;
    for (let id = 1; id <= EARLY_ENTRIES_MAX + 1; id++) {
      const each = entry({ id, address: id <= 10 ? `10.0.0.${id}` : 'flood' });
      removed += early.add(each, () => void judged.push(id)).length;
    }
    expect(removed).toBe(EARLY_ENTRIES_MAX / 16);
    expect(early.size).toBe(EARLY_ENTRIES_MAX + 1 - removed);
    early.judge();
    expect(judged.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(early.size).toBe(0);
  });

  it('desk bounds - of checks that were put off the best claims and the oldest ones are asked for first, some at a time', async () => {
    const time = new ManualTime();
    const asked: bigint[] = [];
    const checks = new RunningChecks({
      checker: {
        check: async (_claim, { pocTime }) => {
          asked.push(pocTime);
          return { type: 'full' };
        },
        withdraw: () => undefined,
        isOverBudget: () => false,
        keepBlocks: () => undefined,
      },
      timers: time,
      isWanted: ({ id }) => id !== 7,
      ended: () => undefined,
    });
    for (let id = 1; id <= 2000; id++) checks.start(entry({ id, pocTime: BigInt(2000 - id) }));
    await flush();
    asked.length = 0;
    await time.advance(1000, flush);
    expect(asked.length).toBe(512);
    expect(asked.slice(0, 3)).toEqual([0n, 1n, 2n]);
    expect(asked.slice(256, 259)).toEqual([1999n, 1998n, 1997n]);
    checks.stop();
    expect(time.timers).toBe(0);
  });
});
