import { describe, expect, it } from 'vitest';
import {
  type ApiKey,
  judgeClaim,
  KeyBook,
  may,
  type Permission,
  type Signature,
} from '../../../src/federation/domain/api-keys.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);

function key(name: string, more: Partial<ApiKey> = {}): ApiKey {
  return {
    keyId: name.padEnd(16, '0'),
    keyHash: name.padEnd(64, '0'),
    name,
    nodeId: null,
    permissions: ['publish'],
    ratePerMinute: 60,
    // Wall times are only shown to people: wall times from a wrong clock change no decision.
    createdAtMs: NOW_MS + 40 * 86_400_000,
    revokedAtMs: null,
    createdEventMs: NOW_MS - 1000,
    revokedEventMs: null,
    ...more,
  };
}

const FREE = key('a1');
const BOUND = key('b1', { nodeId: 'node-bound' });
const SECOND = key('b2', { nodeId: 'node-bound' });
const ENDED = key('c1', {
  nodeId: 'node-ended',
  revokedAtMs: NOW_MS + 40 * 86_400_000,
  revokedEventMs: NOW_MS - 500,
});
const READER = key('d1', { nodeId: 'node-reader', permissions: ['subscribe'] });
const CHIEF = key('e1', { permissions: ['admin'] });
const BOOK = new KeyBook([FREE, BOUND, SECOND, ENDED, READER, CHIEF]);

const right = ({ keyId }: ApiKey): Signature => ({ keyId, fits: ({ keyHash }) => keyHash.startsWith(keyId) });
const forged = ({ keyId }: ApiKey): Signature => ({ keyId, fits: () => false });
const UNKNOWN: Signature = { keyId: 'f'.repeat(16), fits: () => true };

type Judgement = ReturnType<typeof judgeClaim>;
/** The node, the signature, the time after NOW_MS, and the judgement in open and in required mode. */
const CASES: readonly [string, string, Signature | null | 'unsigned', number, Judgement, Judgement][] = [
  ['unsigned', 'node-free', 'unsigned', 0, null, 'unauthenticated'],
  ['headers that make no sense', 'node-free', null, 0, 'unauthenticated', 'unauthenticated'],
  ['an unknown key', 'node-free', UNKNOWN, 0, 'unauthenticated', 'unauthenticated'],
  ['a wrong signature', 'node-free', forged(FREE), 0, 'unauthenticated', 'unauthenticated'],
  ['a key without a node', 'node-free', right(FREE), 0, FREE, FREE],
  ['a key that may do everything', 'node-free', right(CHIEF), 0, CHIEF, CHIEF],
  ['a key that may only read', 'node-free', right(READER), 0, 'unauthenticated', 'unauthenticated'],
  ['a bound node unsigned', 'node-bound', 'unsigned', 0, 'unauthenticated', 'unauthenticated'],
  ['a bound node with its key', 'node-bound', right(BOUND), 0, BOUND, BOUND],
  ['a bound node with its second key', 'node-bound', right(SECOND), 0, SECOND, SECOND],
  ['a bound node with its key, forged', 'node-bound', forged(BOUND), 0, 'unauthenticated', 'unauthenticated'],
  ['a bound node with a free key', 'node-bound', right(FREE), 0, 'unauthenticated', 'unauthenticated'],
  ['a bound key for another node', 'node-free', right(BOUND), 0, 'wrong_node', 'wrong_node'],
  [
    'a bound key for another node, forged',
    'node-free',
    forged(BOUND),
    0,
    'unauthenticated',
    'unauthenticated',
  ],
  ['a bound node, before there was its key', 'node-bound', 'unsigned', -1001, null, 'unauthenticated'],
  ['… and at that moment', 'node-bound', 'unsigned', -1000, 'unauthenticated', 'unauthenticated'],
  ['a signature of a broker whose clock is behind', 'node-bound', right(BOUND), -5000, BOUND, BOUND],
  ['a revoked key', 'node-ended', right(ENDED), 0, 'unauthenticated', 'unauthenticated'],
  [
    '… at the moment of its revocation',
    'node-ended',
    right(ENDED),
    -500,
    'unauthenticated',
    'unauthenticated',
  ],
  ['… before it', 'node-ended', right(ENDED), -501, ENDED, ENDED],
  ['a node whose key is revoked', 'node-ended', 'unsigned', 0, null, 'unauthenticated'],
  ['… before that', 'node-ended', 'unsigned', -501, 'unauthenticated', 'unauthenticated'],
  ['a node whose key may only read', 'node-reader', 'unsigned', 0, null, 'unauthenticated'],
];

describe('API keys', () => {
  it.each(CASES)('API keys - %s', (_what, nodeId, signature, afterMs, open, required) => {
    const claim = { nodeId, signature, atMs: NOW_MS + afterMs };
    expect([judgeClaim(BOOK, false, claim), judgeClaim(BOOK, true, claim)]).toEqual([open, required]);
  });

  it('API keys - without any key, open mode accepts every message and required mode refuses every message', () => {
    const claim = { nodeId: 'node-free', atMs: NOW_MS, signature: 'unsigned' as const };
    const none = new KeyBook([]);
    expect([judgeClaim(none, false, claim), judgeClaim(none, true, claim)]).toEqual([
      null,
      'unauthenticated',
    ]);
  });

  it('API keys - a key that is put twice is stored once, and a removed key binds no node', () => {
    const book = new KeyBook([BOUND]);
    book.put({ ...BOUND, revokedEventMs: NOW_MS });
    expect([book.size, book.isBound('node-bound', NOW_MS - 1), book.isBound('node-bound', NOW_MS)]).toEqual([
      1,
      true,
      false,
    ]);
    book.put(BOUND);
    book.put(SECOND);
    book.remove(BOUND.keyId);
    expect([book.find(BOUND.keyId), book.isBound('node-bound', NOW_MS)]).toEqual([undefined, true]);
    book.remove(SECOND.keyId);
    expect([book.all, book.isBound('node-bound', NOW_MS)]).toEqual([[], false]);
  });

  it.each<[readonly Permission[], readonly Permission[]]>([
    [['publish'], ['publish']],
    [['subscribe'], ['subscribe']],
    [['admin'], ['publish', 'subscribe', 'admin']],
    [[], []],
  ])('API keys - %j may %j', (permissions, allowed) => {
    const all = ['publish', 'subscribe', 'admin'] as const;
    expect(all.filter((permission) => may(key('a', { permissions }), permission))).toEqual(allowed);
  });
});
