import { describe, expect, it } from 'vitest';
import type { Provenance } from '../../../src/trades/domain/facts.ts';
import type { StoredKey } from '../../../src/trades/domain/stored-key.ts';
import { PUBLISHED_KEYS_MAX, PublishedKeys } from '../../../src/trades/threads/published-keys.ts';
import { newEnclaveKey } from '../enclave/link/enclave-messages.ts';

const [JOBS, EARLIER_JOBS, ACCOUNTS, EARLIER_ACCOUNTS] = [1, 2, 3, 4].map(() => newEnclaveKey().publicKey);
const stored = (key: typeof JOBS, provenance: Provenance): StoredKey => {
  if (key === undefined) throw new Error('no key');
  return { key, provenance, firstUsedAtMs: 1, lastUsedAtMs: 2, isRetired: false };
};
const listOf = (keys: PublishedKeys) =>
  keys.all.map(({ kid, provenance, retired = false }) => [kid, provenance, retired]);

describe('published keys', () => {
  it('published keys - the key of jobs and the key of accounts sign, and all before them are retired', () => {
    if (JOBS === undefined || ACCOUNTS === undefined) throw new Error('no key');
    const keys = new PublishedKeys(JOBS);
    expect(listOf(keys)).toEqual([[JOBS.kid, 'client_reported', false]]);
    keys.restore([
      stored(JOBS, 'client_reported'),
      stored(EARLIER_ACCOUNTS, 'polled'),
      stored(EARLIER_JOBS, 'client_reported'),
    ]);
    // Until an enclave is linked the one before may still sign.
    expect(listOf(keys)).toEqual([
      [JOBS.kid, 'client_reported', false],
      [EARLIER_ACCOUNTS?.kid, 'polled', false],
      [EARLIER_JOBS?.kid, 'client_reported', true],
    ]);
    keys.use(ACCOUNTS, 'polled');
    keys.use(ACCOUNTS, 'polled');
    expect(listOf(keys)).toEqual([
      [JOBS.kid, 'client_reported', false],
      [ACCOUNTS.kid, 'polled', false],
      [EARLIER_JOBS?.kid, 'client_reported', true],
      [EARLIER_ACCOUNTS?.kid, 'polled', true],
    ]);
  });

  it('published keys - at the limit the oldest retired keys are left out', () => {
    if (JOBS === undefined) throw new Error('no key');
    const keys = new PublishedKeys(JOBS);
    const used = Array.from({ length: PUBLISHED_KEYS_MAX + 5 }, () => newEnclaveKey().publicKey);
    for (const key of used) keys.use(key, 'polled');
    const kids = keys.all.map(({ kid }) => kid);
    expect(kids).toHaveLength(PUBLISHED_KEYS_MAX);
    expect(kids.slice(0, 2)).toEqual([JOBS.kid, used.at(-1)?.kid]);
    expect(kids).not.toContain(used[0]?.kid);
  });
});
