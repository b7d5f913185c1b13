// Durations and sizes: what they take, in which unit the number is, and what is said about near forms.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumber, readQuantity } from '../../src/cli/number-option.ts';
import { rowsOf, setting } from '../../src/config/definition.ts';
import { readByTable } from '../../src/config/file-reader.ts';
import {
  allowedQuantity,
  explainQuantity,
  parseQuantity,
  quantity,
  quantityOrZero,
  type QuantityUnit,
} from '../../src/config/quantities.ts';
import { readTree } from '../../src/config/yaml-tree.ts';
import { DEFINITIONS as AGENT } from '../../src/agent/config/setting-table.ts';
import { DEFINITIONS as FEDERATION } from '../../src/federation/config/setting-table.ts';
import { KEYS as MINING } from '../../src/mining/config/keys.ts';
import { ENCLAVE_DEFINITIONS as ENCLAVE } from '../../src/trades/config/enclave-setting-table.ts';
import { DEFINITIONS as TRADES } from '../../src/trades/config/setting-table.ts';

const MOST = Number.MAX_SAFE_INTEGER;

describe('quantities', () => {
  it.each<[string, QuantityUnit, number]>([
    ['150000', 'milliseconds', 150_000],
    ['0', 'milliseconds', 0],
    ['250ms', 'milliseconds', 250],
    ['30s', 'milliseconds', 30_000],
    ['1.5s', 'milliseconds', 1_500],
    ['0.25h', 'milliseconds', 900_000],
    ['1h30m', 'milliseconds', 5_400_000],
    ['1d2h3m4s5ms', 'milliseconds', 93_784_005],
    ['90m', 'seconds', 5_400],
    ['1000ms', 'seconds', 1],
    ['72h', 'days', 3],
    ['30d', 'days', 30],
    ['2d', 'hours', 48],
    ['120s', 'minutes', 2],
    ['2GiB', 'bytes', 2_147_483_648],
    ['2GB', 'bytes', 2_000_000_000],
    ['1.5KiB', 'bytes', 1_536],
    ['7kB', 'bytes', 7_000],
    ['12B', 'bytes', 12],
    ['2GiB', 'MiB', 2_048],
    ['1TiB', 'MiB', 1_048_576],
    ['20', 'MiB', 20],
  ])('quantities - %s as %s is %d', (text, unit, value) => {
    expect(parseQuantity(text, { unit, min: 0, max: MOST })).toBe(value);
  });

  it.each<[string, QuantityUnit]>([
    ['', 'milliseconds'],
    ['s', 'milliseconds'],
    ['-1s', 'milliseconds'],
    ['+1s', 'milliseconds'],
    ['1e3', 'milliseconds'],
    ['1.5', 'milliseconds'],
    ['030', 'milliseconds'],
    ['30 s', 'milliseconds'],
    ['30S', 'milliseconds'],
    ['1m1h', 'milliseconds'],
    ['1h1h', 'milliseconds'],
    ['1h1.5m', 'milliseconds'],
    ['1h30', 'milliseconds'],
    ['0.5ms', 'milliseconds'],
    ['1500ms', 'seconds'],
    ['36h', 'days'],
    ['2GiB', 'milliseconds'],
    ['30s', 'bytes'],
    ['1GiB1MiB', 'bytes'],
    ['0.5B', 'bytes'],
    ['1KiB', 'MiB'],
    ['1MB', 'MiB'],
    ['2GIB', 'bytes'],
    ['99999999999999999d', 'milliseconds'],
    ['1e', 'bytes'],
    ['１s', 'milliseconds'],
  ])('quantities - "%s" is no whole number of %s', (text, unit) => {
    expect(parseQuantity(text, { unit, min: 0, max: MOST })).toBeUndefined();
  });

  it('quantities - the range holds for each form, both ends included', () => {
    const range = { unit: 'milliseconds', min: 1_000, max: 60_000 } as const;
    const taken = ['999', '999ms', '1000', '1s', '1m', '60000', '60001', '1m1ms', '61s', '2m'].filter(
      (text) => parseQuantity(text, range) !== undefined,
    );
    expect(taken).toEqual(['1000', '1s', '1m', '60000']);
  });

  it('quantities - decimals are taken only where they are allowed', () => {
    const range = { unit: 'seconds', min: 0.5, max: 60, hasDecimals: true } as const;
    expect(['0.5', '1.25', '500ms', '1500ms', '1m'].map((text) => parseQuantity(text, range))).toEqual([
      0.5, 1.25, 0.5, 1.5, 60,
    ]);
    expect(parseQuantity('0.4', range)).toBeUndefined();
  });

  it('quantities - a bare number and the same number with its own unit are equal', () => {
    const units = {
      milliseconds: 'ms',
      seconds: 's',
      minutes: 'm',
      hours: 'h',
      days: 'd',
      bytes: 'B',
      MiB: 'MiB',
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(units) as QuantityUnit[])),
        fc.integer({ min: 0, max: 2 ** 31 }),
        (unit, number) => {
          const range = { unit, min: 0, max: MOST };
          expect(parseQuantity(`${number}${units[unit]}`, range)).toBe(number);
          expect(parseQuantity(String(number), range)).toBe(number);
        },
      ),
    );
  });

  it('quantities - reading never throws, and a result is a number in the range', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,18}[.,]?[0-9]{0,3} ?[A-Za-z]{0,5}$/));
    fc.assert(
      fc.property(text, fc.constantFrom<QuantityUnit>('milliseconds', 'days', 'bytes'), (given, unit) => {
        const range = { unit, min: 5, max: 5_000_000 };
        const value = parseQuantity(given, range);
        const fault = explainQuantity(given, range);
        if (value === undefined) return;
        expect(Number.isInteger(value) && value >= 5 && value <= 5_000_000).toBe(true);
        expect(fault).toBeUndefined();
      }),
    );
  });

  it.each<[string, string]>([
    ['30 sec', 'write 30s'],
    ['30 s', 'write 30s'],
    ['30S', 'write 30s'],
    ['1,5h', 'write 1.5h'],
    ['5 min', 'write 5m'],
    ['2days', 'write 2d'],
    ['10 Millis', 'write 10ms'],
  ])('quantities - the duration "%s": %s', (text, fault) => {
    expect(quantity('milliseconds', 1, MOST).explain?.(text)).toBe(fault);
  });

  it.each<[string, string]>([
    ['2 gb', 'write 2GB (powers of 1000) or 2GiB (powers of 1024)'],
    ['2g', 'write 2GB (powers of 1000) or 2GiB (powers of 1024)'],
    ['64KB', 'write 64kB (powers of 1000) or 64KiB (powers of 1024)'],
    ['2 GiB', 'write 2GiB'],
    ['1,5gib', 'write 1.5GiB'],
    ['100 bytes', 'write 100B'],
  ])('quantities - the size "%s": %s', (text, fault) => {
    expect(quantity('bytes', 1, MOST).explain?.(text)).toBe(fault);
  });

  it('quantities - a time between two units of the setting is said to be none', () => {
    expect(quantity('days', 1, 100).explain?.('36h')).toBe(
      'this is no whole number of days; allowed is a duration such as 72h or 30d, or a whole number of days, from 1 to 100',
    );
    expect(quantity('days', 1, 100).explain?.('101d')).toBeUndefined();
    expect(quantity('days', 1, 100).explain?.('soon')).toBeUndefined();
  });

  it('quantities - the allowed values are a sentence with examples that are in the range', () => {
    expect(allowedQuantity({ unit: 'milliseconds', min: 100, max: 90_000_000 })).toBe(
      'a duration such as 30s or 5m, or a whole number of milliseconds, from 100 to 90000000 (1d1h)',
    );
    expect(allowedQuantity({ unit: 'seconds', min: 0.5, max: 3_600, hasDecimals: true })).toBe(
      'a duration such as 30s or 5m, or a number of seconds, from 0.5 (500ms) to 3600 (1h)',
    );
    expect(quantityOrZero('for ever', 'days', 8, 36_500)).toMatchObject({
      allowed: '0 (for ever) or a duration such as 30d, or a whole number of days, from 8 to 36500',
    });
  });

  it('quantities - zero has every form where it means something', () => {
    const kind = quantityOrZero('off', 'milliseconds', 100, 1_000);
    expect(['0', '0s', '0ms', '100', '1s', '99ms'].map((text) => kind.parse(text))).toEqual([
      0,
      0,
      0,
      100,
      1_000,
      undefined,
    ]);
  });

  it('quantities - a file writes them as numbers or as text, with or without quotes around a unit', () => {
    const table = { age: setting(quantity('seconds', 1, 100), 5, 'Age.') } as const;
    const read = (text: string) => {
      const tree = readTree(text);
      if (tree.type !== 'tree') throw new Error('unreadable');
      const { values, mistakes } = readByTable(table, tree.root);
      return values.get('age')?.value ?? mistakes.map(({ sentence }) => sentence).join();
    };
    expect([read('age: 30'), read('age: 30s'), read('age: "1m"')]).toEqual([30, 30, 60]);
    expect(read('age: "30"')).toBe(
      'age "30": text in quotes stands here, and a number is needed: write it without quotes',
    );
    expect(read('age: 30 sec')).toBe('age "30 sec": write 30s');
    expect(read('age: [30]')).toBe('age: a list stands here, and a number, or text with a unit, is needed');
    expect(read('age: 1h')).toContain('age "1h": allowed is a duration such as 30s');
  });

  it('quantities - options take them, and say what is wrong in one sentence', () => {
    const range = { unit: 'seconds', min: 1, max: 86_400 } as const;
    expect(readQuantity('duration', '1h30m', range)).toBe(5_400);
    expect(() => readQuantity('duration', '30 sec', range)).toThrow('--duration 30 sec: write 30s.');
    expect(() => readQuantity('duration', 'soon', range)).toThrow(
      '--duration soon: must be a duration such as 30s or 5m, or a whole number of seconds, from 1 to 86400 (1d).',
    );
    expect(() => readNumber('nodes', '30s', { min: 1, max: 9 })).toThrow(
      'must be a whole number from 1 to 9',
    );
  });

  it('quantities - every setting with a time or a size takes a unit', () => {
    const tables = { ...AGENT, ...ENCLAVE, ...TRADES, ...MINING, ...FEDERATION };
    const rows = [AGENT, ENCLAVE, TRADES, MINING, FEDERATION].flatMap((table) => rowsOf(table));
    const bare = rows.filter(({ allowed }) =>
      /whole number of (?:milliseconds|seconds|minutes|hours|days|bytes|[KMG]i?B)\b/.test(
        allowed.replace(/(?:duration|size)(?: such as [^,]*)?, or a whole number/, ''),
      ),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
    const forms = Object.values(tables).filter(({ kind }) => 'form' in kind && kind.form === 'quantity');
    expect(forms.length).toBeGreaterThan(15);
  });
});
