import { describe, expect, it } from 'vitest';
import { type ApiKey, KeyBook } from '../../../src/federation/domain/api-keys.ts';
import {
  keyHashOf,
  keyIdOf,
  newApiKey,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import { openSalt } from '../../../src/federation/domain/sealed-salt.ts';
import { answerJoin, JOIN_SUBJECT, type JoinContext } from '../../../src/federation/sinks/join-answer.ts';
import { createSigner } from '../../../src/lib/ed25519.ts';

const { publicKey } = createSigner({
  // The key of RFC 8037.
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
});
const HASH = keyHashOf(newApiKey());
const KEY: ApiKey = {
  keyId: keyIdOf(HASH),
  keyHash: HASH,
  name: 'a node',
  nodeId: null,
  permissions: ['publish'],
  ratePerMinute: 7,
  createdAtMs: 0,
  revokedAtMs: null,
  createdEventMs: 0,
  revokedEventMs: null,
};
const CONTEXT: JoinContext = {
  isRequired: false,
  aggregatorId: 'aggregator-1',
  salt: 'ab'.repeat(32),
  statsKey: publicKey,
  keys: new KeyBook([KEY]),
  ratePerMinute: 60,
};
const PAYLOAD = Buffer.from('{"nodeId":"node-0001"}');
const SIGNED = KEY.keyId + signMessage(secretOf(HASH), JOIN_SUBJECT, PAYLOAD);

/** The answer to a request, signed or not. */
function ask(credential: string | null, changed: Partial<JoinContext> = {}) {
  const request = { payload: PAYLOAD, credential, replyTo: '_INBOX.a.1' };
  const { outcome, reply } = answerJoin(request, { ...CONTEXT, ...changed }, 4096);
  return { outcome, reply: JSON.parse(reply ?? 'null') as Readonly<Record<string, unknown>> };
}

describe('the answer to a join', () => {
  it.each<[string, string | null, number, number, number]>([
    ['without a key the limit of all nodes', null, 60, 7, 60],
    ['without a key and without that limit 6000', null, 0, 7, 6000],
    ['with a key its own rate', SIGNED, 60, 7, 7],
    ['with a key that has no limit 6000', SIGNED, 60, 0, 6000],
  ])('the answer to a join - the published pace is %s', (_what, credential, ratePerMinute, ofKey, told) => {
    const keys = new KeyBook([{ ...KEY, ratePerMinute: ofKey }]);
    expect(ask(credential, { ratePerMinute, keys }).reply['ratePerMinute']).toBe(told);
  });

  it('the answer to a join - the salt is open in open mode, and sealed for the key in required mode', () => {
    expect(ask(SIGNED).reply['federationSalt']).toBe(CONTEXT.salt);
    const { reply } = ask(SIGNED, { isRequired: true });
    expect(reply['federationSalt']).toBeUndefined();
    const secret = Buffer.from(HASH, 'hex');
    expect(openSalt(String(reply['sealedSalt']), secret, 'aggregator-1')).toBe(CONTEXT.salt);
  });

  it('the answer to a join - an invalid signature is refused in both modes, a missing one in required mode', () => {
    const refused = { outcome: 'unauthenticated', reply: { error: { code: 'unauthenticated' } } };
    for (const isRequired of [false, true])
      expect(ask(`${KEY.keyId}${'A'.repeat(43)}=`, { isRequired })).toEqual(refused);
    expect(ask(null, { isRequired: true })).toEqual(refused);
    expect(ask(null).outcome).toBe('answered');
  });
});
