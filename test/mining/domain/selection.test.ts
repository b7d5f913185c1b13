import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SubmissionMode } from '../../../src/mining/domain/information.ts';
import { FilterTable, isBetter, REMEMBERED_HASHES_MAX } from '../../../src/mining/domain/selection.ts';

interface Step {
  readonly account: string;
  readonly block_hash: string;
  readonly raw_quality: string;
  readonly forwarded: boolean;
}

const { filter_sequences: sequences } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../vectors.json', import.meta.url)), 'utf8'),
) as { readonly filter_sequences: Readonly<Record<SubmissionMode, readonly Step[]>> };

/** Compares with the best of a slot, as a proxy would that forwards at once. */
function forwards(table: FilterTable<{ best: bigint | null }>, step: Step): boolean {
  const { slot } = table.open(step.account, step.block_hash, () => ({ best: null }));
  const rawQuality = BigInt(step.raw_quality);
  if (!isBetter(rawQuality, slot.best)) return false;
  slot.best = rawQuality;
  return true;
}

describe('filter table', () => {
  it.each(['pool', 'wallet'] as const)('filter table - the sequence of the vectors in %s mode', (mode) => {
    const table = new FilterTable<{ best: bigint | null }>(mode);
    const steps = sequences[mode];
    expect(steps.length).toBeGreaterThan(10);
    expect(steps.map((step) => forwards(table, step))).toEqual(steps.map(({ forwarded }) => forwarded));
  });

  it('filter table - an account is the same in either case of its digits', () => {
    const table = new FilterTable<string>('pool');
    table.open('AB', 'h', () => 'slot');
    expect(table.find('ab', 'h')).toBe('slot');
  });

  it('filter table - the fourth hash evicts the first seen, whatever was used last', () => {
    const table = new FilterTable<string>('pool');
    for (const hash of ['h1', 'h2', 'h3']) table.open('a', hash, () => hash);
    table.open('a', 'h1', () => 'again');
    expect(table.open('a', 'h4', () => 'h4')).toEqual({ slot: 'h4', evicted: 'h1' });
    expect(['h1', 'h2', 'h3', 'h4'].map((hash) => table.find('a', hash))).toEqual([
      undefined,
      'h2',
      'h3',
      'h4',
    ]);
    expect(REMEMBERED_HASHES_MAX).toBe(3);
  });

  it('filter table - slots of a block are those of all accounts, and an account without slots is forgotten', () => {
    const table = new FilterTable<string>('pool');
    table.open('a', 'h', () => 'of a');
    table.open('b', 'h', () => 'of b');
    table.open('b', 'i', () => 'other');
    expect(Array.from(table.ofBlock('h'))).toEqual(['of a', 'of b']);
    expect(table.lines).toBe(2);
    table.drop('a', 'h');
    table.drop('c', 'h');
    expect(table.lines).toBe(1);
  });
});
