// The hash of an id, by the three vectors of the specification.

import { describe, expect, it } from 'vitest';
import { idHash, isSalt } from '../../../src/agent/domain/id-hash.ts';

const SALT = 'f'.repeat(64);

describe('id hash', () => {
  it.each([
    [
      '657938a7-ebf1-4899-85ea-494fbca71123',
      '714bcb9203195b33df12370f29e7578c308798a140a04f10852e1269a893a2d6',
    ],
    ['1792917253851031498', '1ed252c0986b083c171320beba7338f0a70c4b8b5bf4252c3fd6e7a2707277ad'],
    ['inv-123', 'f38c25d3218d3358e5784f276296032a71def67d58b0e1948f99b8f5f4109c81'],
  ])('%s', (id, hash) => {
    expect(idHash(SALT, id)).toBe(hash);
  });

  it.each([
    [SALT, true],
    ['0123456789abcdefABCDEF'.padEnd(64, '0'), true],
    [SALT.slice(1), false],
    [`${SALT}f`, false],
    [`${SALT}\n`, false],
    ['g'.repeat(64), false],
    ['', false],
  ])('salt - %j is one: %s', (text, isOne) => {
    expect(isSalt(text)).toBe(isOne);
  });
});
