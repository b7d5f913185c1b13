import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOIN_REPLY_BYTES_MAX, readJoinReply, TOLD_RATE_MAX } from '../../../src/agent/domain/join-reply.ts';
import { keyHashOf, newApiKey } from '../../../src/federation/domain/message-signature.ts';
import { sealSalt } from '../../../src/federation/domain/sealed-salt.ts';
import { publicJwk } from '../../../src/lib/ed25519.ts';

const SALT = '0f'.repeat(32);
// The key of RFC 8037.
const KEY = publicJwk('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
const HASH = keyHashOf(newApiKey());
const WHOLE = {
  federationSalt: SALT,
  heartbeatIntervalMs: 30_000,
  ratePerMinute: 60,
  statsKey: KEY,
  aggregatorId: 'aggregator-1',
};

function read(value: unknown, keyHash: string | null = null) {
  const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value));
  const reading = readJoinReply(bytes, keyHash);
  return 'problem' in reading ? reading.problem : reading.reply;
}

const MALFORMED = 'the reply is malformed';

describe('join reply', () => {
  it('join reply - every member is read', () => {
    expect(read(WHOLE)).toEqual({
      salt: SALT,
      heartbeatIntervalMs: 30_000,
      ratePerMinute: 60,
      statsKey: KEY,
      aggregatorId: 'aggregator-1',
    });
  });

  it('join reply - what an earlier aggregator does not say has its usual value, and strange members are not read', () => {
    const { federationSalt, aggregatorId } = WHOLE;
    expect(read({ federationSalt, aggregatorId, statsKey: null, more: { a: 1 } })).toEqual({
      salt: SALT,
      heartbeatIntervalMs: 30_000,
      ratePerMinute: null,
      statsKey: null,
      aggregatorId: 'aggregator-1',
    });
  });

  it.each([
    [0, 15_000],
    [14_999, 15_000],
    [20_000.5, 20_000.5],
    [60_001, 60_000],
    [1e300, 60_000],
    [-5, 15_000],
  ])('join reply - an interval of %d ms counts as %d', (said, kept) => {
    expect(read({ ...WHOLE, heartbeatIntervalMs: said })).toMatchObject({ heartbeatIntervalMs: kept });
  });

  it('join reply - a rate above the bound counts as the bound', () => {
    expect(read({ ...WHOLE, ratePerMinute: TOLD_RATE_MAX })).toMatchObject({ ratePerMinute: TOLD_RATE_MAX });
    expect(read({ ...WHOLE, ratePerMinute: TOLD_RATE_MAX + 1 })).toMatchObject({
      ratePerMinute: TOLD_RATE_MAX,
    });
  });

  it.each<[string, unknown, string]>([
    ['an array', [], MALFORMED],
    ['nothing', new Uint8Array(0), MALFORMED],
    ['no JSON', Buffer.from('{"a":'), MALFORMED],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), MALFORMED],
    ['no salt', { ...WHOLE, federationSalt: undefined }, MALFORMED],
    ['a short salt', { ...WHOLE, federationSalt: 'ab' }, MALFORMED],
    ['a salt that is a number', { ...WHOLE, federationSalt: 7 }, MALFORMED],
    ['an interval that is text', { ...WHOLE, heartbeatIntervalMs: '30000' }, MALFORMED],
    ['a rate of 0', { ...WHOLE, ratePerMinute: 0 }, MALFORMED],
    ['half a message', { ...WHOLE, ratePerMinute: 0.5 }, MALFORMED],
    ['a rate that is text', { ...WHOLE, ratePerMinute: '60' }, MALFORMED],
    ['a key of another kind', { ...WHOLE, statsKey: { ...KEY, crv: 'X25519' } }, MALFORMED],
    ['a key that is too short', { ...WHOLE, statsKey: { ...KEY, x: 'abc' } }, MALFORMED],
    ['a key under the name of another', { ...WHOLE, statsKey: { ...KEY, kid: 'x' } }, MALFORMED],
    ['a key that is text', { ...WHOLE, statsKey: KEY.x }, MALFORMED],
    ['no name', { ...WHOLE, aggregatorId: undefined }, MALFORMED],
    ['a long name', { ...WHOLE, aggregatorId: 'a'.repeat(65) }, MALFORMED],
    ['a name with a line break', { ...WHOLE, aggregatorId: 'a\nb' }, MALFORMED],
    [
      'unauthenticated',
      { error: { code: 'unauthenticated' } },
      'the aggregator wants requests that are signed with an API key that it knows: set FEDERATION_API_KEY',
    ],
    ['malformed', { error: { code: 'malformed' } }, 'the aggregator calls the request malformed'],
    ['another refusal', { error: { code: 'toString' } }, 'the aggregator refuses the request'],
    ['a refusal without a code', { error: {} }, 'the aggregator refuses the request'],
    [
      'a sealed salt without a key',
      { ...WHOLE, federationSalt: undefined, sealedSalt: 'AAAA' },
      'the salt is sealed for an API key: set FEDERATION_API_KEY',
    ],
  ])('join reply - refused: %s', (_what, value, problem) => {
    expect(read(value)).toBe(problem);
  });

  it('join reply - a sealed salt opens with its key and for its aggregator only', () => {
    const secret = Buffer.from(HASH, 'hex');
    const sealedSalt = sealSalt(SALT, secret, 'aggregator-1');
    const reply = { ...WHOLE, federationSalt: undefined, sealedSalt };
    expect(read(reply, HASH)).toMatchObject({ salt: SALT });
    const problem = 'the salt is sealed for another API key than FEDERATION_API_KEY';
    expect(read({ ...reply, aggregatorId: 'aggregator-2' }, HASH)).toBe(problem);
    expect(read(reply, keyHashOf(newApiKey()))).toBe(problem);
    expect(read({ ...reply, sealedSalt: sealSalt('not a salt', secret, 'aggregator-1') }, HASH)).toBe(
      MALFORMED,
    );
  });

  it('join reply - the longest is read, a longer one is not', () => {
    const bytes = (length: number) => {
      const text = JSON.stringify({ ...WHOLE, more: '' });
      return Buffer.from(`${text.slice(0, -2)}${'x'.repeat(length - text.length)}"}`);
    };
    expect(bytes(JOIN_REPLY_BYTES_MAX)).toHaveLength(JOIN_REPLY_BYTES_MAX);
    expect(read(bytes(JOIN_REPLY_BYTES_MAX))).toMatchObject({ salt: SALT });
    expect(read(bytes(JOIN_REPLY_BYTES_MAX + 1))).toBe(MALFORMED);
  });

  it('join reply - law: no value makes it throw', () => {
    const member = fc.option(fc.jsonValue(), { nil: undefined });
    fc.assert(
      fc.property(
        fc.record(
          {
            federationSalt: fc.oneof(member, fc.constant(SALT)),
            sealedSalt: member,
            heartbeatIntervalMs: member,
            ratePerMinute: member,
            statsKey: fc.oneof(member, fc.constant(KEY)),
            aggregatorId: fc.oneof(member, fc.constant('a')),
            error: member,
          },
          { requiredKeys: [] },
        ),
        (value) => {
          const reading = readJoinReply(Buffer.from(JSON.stringify(value)), HASH);
          expect('problem' in reading || reading.reply.salt.length === 64).toBe(true);
        },
      ),
    );
  });
});
