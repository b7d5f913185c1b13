import { expect, it } from 'vitest';
import { KnownBlocks } from '../../../src/mining/domain/known-blocks.ts';
import { information } from './mining-blocks.ts';

const OTHER_WORK = '6b'.repeat(32);

it('known blocks - the previous block is found for one refresh more', () => {
  const blocks = new KnownBlocks();
  blocks.take(information({ blockHash: 'a', generationSignature: OTHER_WORK }), 0, 0);
  const next = information({ blockHash: 'b' });
  blocks.take(next, 1000, 1000);
  expect(blocks.find('a')?.age).toBe('previous');
  blocks.take(next, 2000, 2000);
  expect(blocks.find('a')?.age).toBe('previous');
  blocks.take(next, 3000, 3000);
  expect(blocks.find('a')).toBeNull();
});

it('known blocks - one that the same forger made anew is found while the new one is current', () => {
  const blocks = new KnownBlocks();
  blocks.take(information({ blockHash: 'a' }), 0, 0);
  const anew = information({ blockHash: 'b' });
  for (const atMs of [1000, 2000, 3000, 4000]) blocks.take(anew, atMs, atMs);
  expect(blocks.find('a')).toMatchObject({ age: 'previous', information: { blockHash: 'a' } });
  // Nothing is delivered under its hash any more.
  expect(blocks.all.map(({ information: { blockHash } }) => blockHash)).toEqual(['b']);
  blocks.take(information({ blockHash: 'c', height: 101n, generationSignature: OTHER_WORK }), 5000, 5000);
  expect(blocks.find('a')).toBeNull();
});
