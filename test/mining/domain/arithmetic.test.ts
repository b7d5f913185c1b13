import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blocksPerDay,
  retentionBlocks,
  submissionPercentage,
} from '../../../src/mining/domain/block-time.ts';
import {
  capacityTib,
  capacityWindow,
  genesisBaseTarget,
  networkBytes,
  sizeText,
  tibToBytes,
} from '../../../src/mining/domain/capacity.ts';
import { adjustedQuality, cubeRoot, pocTime, scaleOf } from '../../../src/mining/domain/poc-time.ts';

interface Vectors {
  readonly time_bending: {
    readonly scale_q: Readonly<Record<string, string>>;
    readonly vectors: readonly {
      readonly raw_quality: string;
      readonly base_target: string;
      readonly block_time_secs: number;
      readonly poc_time: string;
    }[];
  };
  readonly genesis_base_target: Readonly<Record<string, string>>;
  readonly network_capacity: readonly {
    readonly base_target: string;
    readonly block_time_secs: number;
    readonly bytes: string;
    readonly text: string;
  }[];
  readonly bytesize_iec: readonly { readonly bytes: string; readonly text: string }[];
  readonly retention_blocks: readonly {
    readonly days: number;
    readonly block_time_secs: number;
    readonly blocks: number;
  }[];
  readonly blocks_per_day: Readonly<Record<string, number>>;
}

const vectors = JSON.parse(readFileSync(new URL('../vectors.json', import.meta.url), 'utf8')) as Vectors;

describe('poc time', () => {
  it.each(vectors.time_bending.vectors)(
    'poc time - of $raw_quality at $base_target and $block_time_secs s is $poc_time s',
    (row) => {
      expect(pocTime(BigInt(row.raw_quality), BigInt(row.base_target), row.block_time_secs)).toBe(
        BigInt(row.poc_time),
      );
    },
  );

  it.each(Object.entries(vectors.time_bending.scale_q))(
    'poc time - the factor for %s s is %s',
    (seconds, scale) => {
      expect(scaleOf(Number(seconds))).toBe(BigInt(scale));
    },
  );

  it.each([
    [1n, 27n],
    [103n, 128n],
    [120n, 134n],
    [240n, 169n],
  ])('poc time - an adjusted quality of %s is %s s', (adjusted, seconds) => {
    expect(pocTime(adjusted * 36_650_387_592n, 36_650_387_592n, 120)).toBe(seconds);
  });

  it('poc time - the adjusted quality is the whole part of the quotient', () => {
    expect([adjustedQuality(299n, 100n), adjustedQuality(300n, 100n), adjustedQuality(0n, 1n)]).toEqual([
      2n,
      3n,
      0n,
    ]);
    expect(adjustedQuality(1n, 2n ** 64n - 1n)).toBe(0n);
  });

  it('poc time - a base target or a block time of 0 is a RangeError', () => {
    expect(() => pocTime(1n, 0n, 120)).toThrow(RangeError);
    expect(() => pocTime(1n, 1n, 0)).toThrow(RangeError);
  });

  it('poc time - the cube root is the greatest integer whose cube fits', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 140n), (value) => {
        const root = cubeRoot(value);
        expect(root ** 3n <= value && value < (root + 1n) ** 3n).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 45n), (root) => {
        expect(cubeRoot(root ** 3n)).toBe(root);
        if (root > 0n) expect(cubeRoot(root ** 3n - 1n)).toBe(root - 1n);
      }),
    );
  });

  it('poc time - never falls when the raw quality grows', () => {
    const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(u64, u64, fc.bigInt(1n, 2n ** 64n - 1n), (a, b, baseTarget) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(pocTime(less, baseTarget, 120) <= pocTime(more, baseTarget, 120)).toBe(true);
      }),
    );
  });
});

describe('capacity', () => {
  it.each(vectors.network_capacity)(
    'capacity - the network has $text at $base_target and $block_time_secs s',
    (row) => {
      const bytes = networkBytes(BigInt(row.base_target), row.block_time_secs);
      expect(bytes).toBe(BigInt(row.bytes));
      expect(sizeText(bytes)).toBe(row.text);
    },
  );

  it.each(Object.entries(vectors.genesis_base_target))(
    'capacity - the genesis base target for %s s is %s',
    (seconds, baseTarget) => {
      expect(genesisBaseTarget(Number(seconds))).toBe(BigInt(baseTarget));
    },
  );

  it.each(vectors.bytesize_iec)('capacity - $bytes bytes read $text', ({ bytes, text }) => {
    expect(sizeText(BigInt(bytes))).toBe(text);
  });

  it('capacity - sizes around a unit', () => {
    expect([1n, 1023n, 1024n, 1100n].map(sizeText)).toEqual(['1 B', '1023 B', '1.0 KiB', '1.1 KiB']);
  });

  it('capacity - of a pair is 2^42 divided by the mean of its best raw qualities', () => {
    expect(capacityTib([])).toBe(0);
    expect(capacityTib([2n ** 42n])).toBe(1);
    expect(capacityTib([2n ** 41n, 2n ** 41n * 3n])).toBe(1);
    expect(capacityTib([2n ** 40n, 2n ** 40n])).toBe(4);
    expect(capacityTib(Array.from({ length: 30 }, () => 2n ** 64n - 1n))).toBeCloseTo(2 ** -22, 12);
    expect(capacityTib([0n, 0n])).toBe(2 ** 43);
  });

  it('capacity - thirty blocks, with the current one or up to the one before', () => {
    expect(capacityWindow(100n, true)).toEqual({ from: 71n, to: 100n });
    expect(capacityWindow(100n, false)).toEqual({ from: 70n, to: 99n });
    expect(capacityWindow(5n, true)).toEqual({ from: 0n, to: 5n });
    expect(capacityWindow(0n, false)).toBeNull();
    expect(capacityWindow(2n ** 64n - 1n, false)).toEqual({ from: 2n ** 64n - 31n, to: 2n ** 64n - 2n });
  });

  it('capacity - TiB in bytes ends at 2^64 - 1', () => {
    expect([tibToBytes(0), tibToBytes(1.5), tibToBytes(2 ** 30)]).toEqual([
      0n,
      1_649_267_441_664n,
      2n ** 64n - 1n,
    ]);
  });
});

describe('block time', () => {
  it.each(Object.entries(vectors.blocks_per_day))(
    'block time - %s s are %s blocks a day',
    (seconds, blocks) => {
      expect(blocksPerDay(Number(seconds))).toBe(blocks);
    },
  );

  it.each(vectors.retention_blocks)(
    'block time - $days days of $block_time_secs s are $blocks blocks',
    (row) => {
      expect(retentionBlocks(row.days, row.block_time_secs)).toBe(row.blocks);
    },
  );

  it('block time - the percentage is of the blocks of a day', () => {
    expect([submissionPercentage(360, 120), submissionPercentage(5, 86_401)]).toEqual([50, 0]);
  });
});
