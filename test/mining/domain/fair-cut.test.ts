import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairCut } from '../../../src/mining/domain/fair-cut.ts';

const cut = (text: string, room: number) => {
  const items = Array.from(text, (address, at) => ({ address, at }));
  return fairCut(items, ({ address }) => address, room).map(({ address, at }) => `${address}${at}`);
};

describe('fair cut', () => {
  it.each([
    ['aaaab', 1, ['a3']],
    ['aaaab', 3, ['a1', 'a2', 'a3']],
    ['aaabb', 2, ['a1', 'a2', 'b4']],
    ['abab', 2, ['a2', 'b3']],
    ['ab', 2, ['a0', 'b1']],
    ['', 1, []],
  ])('fair cut - of %j, for %d places, it removes %j', (text, room, removed) => {
    expect(cut(text, room)).toEqual(removed);
  });

  it('fair cut - enough is removed, little more, and never from an address that has less than those left of another', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 60 }), fc.nat(59), (addresses, more) => {
        const room = 1 + (more % addresses.length);
        const items = addresses.map((address, at) => ({ address, at }));
        const removed = fairCut(items, ({ address }) => String(address), room);
        expect(removed.length).toBeGreaterThanOrEqual(room);
        expect(removed.length).toBeLessThan(room + new Set(addresses).size);
        const left = (address: number) =>
          items.filter((item) => item.address === address && !removed.includes(item));
        const most = Math.max(...addresses.map((address) => left(address).length));
        for (const { address } of removed) expect(left(address).length).toBe(most);
      }),
    );
  });
});
