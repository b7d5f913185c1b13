// The arithmetic of the simulated exchanges.

import { expect, it } from 'vitest';
import {
  decimal,
  divided,
  fixedText,
  negative,
  plus,
  signOf,
  textOf,
  times,
} from '../../../src/trades/simulator/sim-decimal.ts';

it('decimals - are added, multiplied and divided exactly', () => {
  expect(textOf(plus(decimal('284578000.00000004'), decimal('-0.1')))).toBe('284577999.90000004');
  expect(textOf(times(decimal('0.00000001'), decimal('-3.50')))).toBe('-0.000000035');
  expect(textOf(divided(decimal('10'), decimal('3'), 5))).toBe('3.33333');
  expect(textOf(divided(decimal('-1.5'), decimal('0.003'), 2))).toBe('-500');
  expect(() => divided(decimal('1'), decimal('0'), 2)).toThrow('division by zero');
  expect(() => decimal('1e5')).toThrow('the text is no decimal number');
});

it('decimals - are written with as many digits as are asked for', () => {
  const written = ['0', '-0.005', '1.23456789', '12'].map((text) => fixedText(decimal(text), 4));
  expect(written).toEqual(['0.0000', '-0.0050', '1.2345', '12.0000']);
  expect(fixedText(decimal('7.9'), 0)).toBe('7');
  expect(fixedText(decimal('-0.00001'), 4)).toBe('0.0000');
  expect([signOf(decimal('-0.1')), signOf(decimal('0.0')), signOf(negative(decimal('-2')))]).toEqual([
    -1, 0, 1,
  ]);
});
