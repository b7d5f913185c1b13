// A count with its noun.

import { describe, expect, it } from 'vitest';
import { counted } from '../../src/lib/counted.ts';

describe('counted', () => {
  it.each([
    [0, '0 clients'],
    [1, '1 client'],
    [2, '2 clients'],
    [12_345, '12,345 clients'],
  ])('counted - %i', (count, text) => {
    expect(counted(count, 'client')).toBe(text);
  });

  it('counted - words of one and of several', () => {
    expect(counted(1, 'summary waits', 'summaries wait')).toBe('1 summary waits');
    expect(counted(3, 'summary waits', 'summaries wait')).toBe('3 summaries wait');
  });
});
