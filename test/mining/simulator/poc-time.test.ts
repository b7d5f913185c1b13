import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { simPocTime } from '../../../src/mining/simulator/poc-time.ts';

interface TimeVector {
  readonly raw_quality: string;
  readonly base_target: string;
  readonly block_time_secs: number;
  readonly poc_time: string;
}

const { time_bending } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../vectors.json', import.meta.url)), 'utf8'),
) as { readonly time_bending: { readonly vectors: readonly TimeVector[] } };

it.each(time_bending.vectors)(
  'simulated poc time - $raw_quality ÷ $base_target in blocks of $block_time_secs s is $poc_time s',
  ({ raw_quality, base_target, block_time_secs, poc_time }) => {
    expect(simPocTime(BigInt(raw_quality), BigInt(base_target), block_time_secs)).toBe(BigInt(poc_time));
  },
);
