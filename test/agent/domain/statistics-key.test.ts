import { describe, expect, it } from 'vitest';
import { StatisticsKey } from '../../../src/agent/domain/statistics-key.ts';
import { publicJwk } from '../../../src/lib/ed25519.ts';

const [ONE, TWO, THREE] = ['A', 'B', 'C'].map((letter) => publicJwk(`${letter.repeat(42)}A`)) as [
  ReturnType<typeof publicJwk>,
  ReturnType<typeof publicJwk>,
  ReturnType<typeof publicJwk>,
];

describe('statistics key', () => {
  it('statistics key - the first one is pinned; another one is only offered until a person trusts it', () => {
    const key = new StatisticsKey(null, null);
    expect(key.known).toBeNull();
    expect(key.told(ONE)).toBe('pinned');
    expect(key.told(ONE)).toBe('known');
    expect(key.told(TWO)).toBe('offered');
    expect(key.known).toBe(ONE);
    expect(key.offered).toBe(TWO);
    expect(key.trust()).toBe(TWO);
    expect(key.known).toBe(TWO);
    expect(key.offered).toBeNull();
    expect(key.trust()).toBeNull();
  });

  it('statistics key - the newest offer counts, and the pinned key withdraws it', () => {
    const key = new StatisticsKey(null, ONE);
    key.told(TWO);
    expect(key.told(THREE)).toBe('offered');
    expect(key.offered).toBe(THREE);
    expect(key.told(ONE)).toBe('known');
    expect(key.offered).toBeNull();
  });

  it('statistics key - a setting decides, and nothing is offered beside it', () => {
    const key = new StatisticsKey(ONE, TWO);
    expect(key.known).toBe(ONE);
    expect(key.told(TWO)).toBe('not_the_setting');
    expect(key.told(ONE)).toBe('known');
    expect(key.offered).toBeNull();
    expect(key.trust()).toBeNull();
  });
});
