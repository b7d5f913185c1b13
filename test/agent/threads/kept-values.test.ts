// Values that the disk refuses for a while: the newest of each kind is stored in the end, and nothing is stored twice.

import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { KeptValues } from '../../../src/agent/threads/kept-values.ts';

function disk() {
  const stored: string[] = [];
  const state = { refuses: false, asked: 0 };
  const store = (value: string) => async () => {
    state.asked += 1;
    if (state.refuses) throw new Error('SQLITE_FULL');
    stored.push(value);
  };
  return { stored, state, store };
}

it('kept values - one that is stored is not stored again', async () => {
  const { stored, store } = disk();
  const kept = new KeptValues();
  kept.keep('salt', store('a'));
  await turn();
  kept.retry();
  await turn();
  expect(stored).toEqual(['a']);
});

it('kept values - one that was refused is stored when the disk takes it', async () => {
  const { stored, state, store } = disk();
  const kept = new KeptValues();
  state.refuses = true;
  kept.keep('salt', store('a'));
  await turn();
  kept.retry();
  await turn();
  expect([stored, state.asked]).toEqual([[], 2]);
  state.refuses = false;
  kept.retry();
  await turn();
  expect(stored).toEqual(['a']);
});

it('kept values - only the newest of a kind counts, and kinds do not disturb one another', async () => {
  const { stored, state, store } = disk();
  const kept = new KeptValues();
  state.refuses = true;
  kept.keep('salt', store('old'));
  kept.keep('key', store('key'));
  await turn();
  state.refuses = false;
  kept.keep('salt', store('new'));
  await turn();
  kept.retry();
  await turn();
  expect(stored).toEqual(['new', 'key']);
});

it('kept values - an older one that is refused late does not take the place of a newer one', async () => {
  const { stored, store } = disk();
  const late = Promise.withResolvers<never>();
  const kept = new KeptValues();
  let asked = 0;
  kept.keep('salt', () => (asked++ === 0 ? late.promise : store('old')()));
  kept.keep('salt', store('new'));
  await turn();
  late.reject(new Error('SQLITE_FULL'));
  await turn();
  kept.retry();
  await turn();
  expect(stored).toEqual(['new']);
});
