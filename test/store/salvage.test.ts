import { describe, expect, it } from 'vitest';
import { Salvage } from '../../src/store/salvage.ts';

const broken = (code: string) => Object.assign(new Error(code), { code });

/** A batch of messages, some of which no commit accepts; and facts beside them that no commit accepts either. */
function setUp(count: number, bad: Readonly<Record<number, string>>, facts: 'good' | 'bad' = 'good') {
  let merged: number[] = [];
  let hasFacts = true;
  const stored: string[] = [];
  const salvage = new Salvage(count, broken('SQLITE_CONSTRAINT'), {
    revert() {
      merged = [];
    },
    dropFacts() {
      hasFacts = false;
      merged = [];
    },
    merge: (at) => merged.push(at),
    setAside: (at, code) => stored.push(`${at} aside ${code}`),
    commit() {
      if (hasFacts && facts === 'bad') throw broken('SQLITE_MISMATCH');
      for (const at of merged) if (bad[at] !== undefined) throw broken(bad[at]);
      stored.push(...merged.map((at) => `${at}`));
      merged = [];
    },
  });
  return { salvage, stored };
}

/** Takes the steps of the committer: the error of the whole batch is thrown, and the batch is tried again. */
function finish(salvage: Salvage): void {
  for (let steps = 0; steps < 100; steps++) {
    try {
      if (!salvage.step()) return;
    } catch (error) {
      if (salvage.isStuck) throw error;
    }
  }
  throw new Error('it does not end');
}

describe('salvage', () => {
  it('salvage - a batch that is stored at the second attempt loses no message', () => {
    const { salvage, stored } = setUp(3, {});
    finish(salvage);
    expect(stored).toEqual(['0', '1', '2']);
    expect(salvage.losses).toEqual([]);
  });

  it('salvage - a message that cannot be stored is set aside in its place, and reported with its errors', () => {
    const { salvage, stored } = setUp(8, { 2: 'SQLITE_TOOBIG', 5: 'SQLITE_RANGE', 6: 'SQLITE_RANGE' });
    finish(salvage);
    expect(stored).toEqual([
      '0',
      '1',
      '2 aside SQLITE_TOOBIG',
      '3',
      '4',
      '5 aside SQLITE_RANGE',
      '6 aside SQLITE_RANGE',
      '7',
    ]);
    expect(salvage.losses).toEqual([
      'set aside 3 message(s) that cannot be stored (SQLITE_TOOBIG, SQLITE_RANGE): a defect of the aggregator; please report it with the table quarantine',
    ]);
  });

  it('salvage - facts that no commit accepts are dropped, and reported', () => {
    const { salvage, stored } = setUp(2, {}, 'bad');
    finish(salvage);
    expect(stored).toEqual(['0', '1']);
    expect(salvage.losses).toEqual([
      'transitions and statistics of the last moments cannot be stored and were dropped: a defect of the aggregator; please report it',
    ]);
  });
});
