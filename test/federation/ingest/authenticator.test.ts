import { describe, expect, it } from 'vitest';
import { type ApiKey, KeyBook } from '../../../src/federation/domain/api-keys.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import {
  keyHashOf,
  keyIdOf,
  MALFORMED_CREDENTIAL,
  newApiKey,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import { createAuthenticator } from '../../../src/federation/ingest/authenticator.ts';
import {
  BatchFiller,
  type BatchMessage,
  createBatch,
  readBatch,
} from '../../../src/federation/sources/batch.ts';
import { Door } from '../../../src/federation/ingest/door.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { bytesOf, messageOf } from '../domain/messages.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const NODE = 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10';

function bind(nodeId: string | null): ApiKey {
  const keyHash = keyHashOf(newApiKey());
  return {
    keyId: keyIdOf(keyHash),
    keyHash,
    name: 'test',
    nodeId,
    permissions: ['publish'],
    ratePerMinute: 60,
    createdAtMs: 0,
    revokedAtMs: null,
    createdEventMs: 0,
    revokedEventMs: null,
  };
}

/** An event clock that has seen no step back. */
const asTheyAre = (atMs: number) => atMs;

const sign = (key: ApiKey, subject: string, payload: Uint8Array) =>
  key.keyId + signMessage(secretOf(key.keyHash), subject, payload);

describe('authenticator', () => {
  it.each(SUBJECTS.map((subject, index) => ({ subject, index })))(
    'authenticator - a valid signature over $subject and payload admits the message as signed by its key',
    ({ subject, index }) => {
      const key = bind(NODE);
      const authenticate = createAuthenticator(() => new KeyBook([key]), true, asTheyAre);
      const payload = bytesOf(messageOf(index));
      const message = { subject: index, payload, atMs: NOW_MS };
      expect(authenticate({ ...message, credential: sign(key, subject, payload) }, NODE)).toBe(key);
      const mapped = sign(key, subject.replace('truebit.', 'ingest.'), payload);
      for (const credential of [mapped, MALFORMED_CREDENTIAL, null])
        expect(authenticate({ ...message, credential }, NODE)).toBe('unauthenticated');
    },
  );

  it('authenticator - on plain NATS a clock that is set back revives no revoked key, and unbinds no node', () => {
    const revoked = { ...bind('node-b'), createdEventMs: NOW_MS, revokedEventMs: NOW_MS + 1 };
    const authenticate = createAuthenticator(
      () => new KeyBook([revoked, { ...bind(NODE), createdEventMs: NOW_MS }]),
      false,
      asTheyAre,
    );
    const payload = bytesOf(messageOf(3));
    const ask = (seq: number | null, nodeId: string, credential: string | null) =>
      authenticate({ subject: 3, payload, atMs: NOW_MS - 3_600_000, seq, credential }, nodeId);
    const signed = sign(revoked, 'truebit.heartbeat', payload);
    expect([ask(null, 'node-b', signed), ask(null, NODE, null)]).toEqual([
      'unauthenticated',
      'unauthenticated',
    ]);
    // In a stream, the message was sent before the key was revoked or bound.
    expect([ask(7, 'node-b', signed), ask(7, NODE, null)]).toEqual([revoked, null]);
  });

  it('authenticator - it checks a message after validation and before the limits, and its refusals are counted', () => {
    const ledger = new Ledger();
    const key = bind('node-other');
    const door = new Door(
      {
        ledger,
        authenticate: createAuthenticator(() => new KeyBook([key]), true, asTheyAre),
        apply: (_signal, _moment, signer) => (signer === null ? 'applied' : 'rate_limited'),
        take: () => true,
        count: () => undefined,
      },
      60_000,
    );
    const enter = (payload: Uint8Array, credential: string | null) =>
      door.enter({ subject: 3, payload, atMs: NOW_MS, seq: null, observedMs: 0, credential }, NOW_MS);
    const good = bytesOf(messageOf(3));
    const others = bytesOf({ ...messageOf(3), nodeId: 'node-other' });
    expect(enter(bytesOf('{'), null)).toBe('rejected');
    expect(enter(good, null)).toBe('rejected');
    expect(enter(good, sign(key, 'truebit.heartbeat', good))).toBe('rejected');
    expect(enter(others, sign(key, 'truebit.heartbeat', others))).toBe('rate_limited');
    ledger.committed(NOW_MS, 0);
    const { rejected } = ledger.snapshot({ lost: 0, disagreements: 0, unknownLabels: [] });
    expect([rejected.not_json[3], rejected.unauthenticated[3], rejected.wrong_node[3]]).toEqual([1, 1, 1]);
  });
});

describe('batch', () => {
  it('batch - it carries credentials with their messages, and counts their bytes', () => {
    const batch = createBatch(10, 100);
    const filler = new BatchFiller(batch);
    const message = (subject: number, payload: string, credential: string | null): BatchMessage => ({
      subject,
      payload: Buffer.from(payload),
      atMs: NOW_MS + subject,
      seq: subject === 6 ? null : subject,
      observedMs: subject * 10,
      credential,
    });
    const messages = [
      message(0, 'first', null),
      message(6, '', 'c'.repeat(60)),
      message(3, 'third', MALFORMED_CREDENTIAL),
      message(5, 'last', null),
    ];
    expect(messages.map((each) => filler.add(each))).toEqual([true, true, true, true]);
    // The batch has 25 bytes left.
    expect(filler.add(message(1, '', 'd'.repeat(60)))).toBe(false);
    expect(filler.add(message(1, 'e'.repeat(26), null))).toBe(false);
    const read: BatchMessage[] = [];
    readBatch(batch, (each) => read.push({ ...each, payload: Buffer.from(each.payload) }));
    expect(read).toMatchObject(messages);
  });
});
