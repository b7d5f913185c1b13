import { describe, expect, it } from 'vitest';
import type { Checkpoint, PolledSummary } from '../../../src/trades/domain/enclave-link.ts';
import { BODY_BYTES_MAX } from '../../../src/trades/domain/read-summary.ts';
import { checkPolled } from '../../../src/trades/ingest/polled-check.ts';
import { accountId, checkpoint, newEnclaveKey, polledSummary } from '../enclave/link/enclave-messages.ts';

const KEY = newEnclaveKey();
const A = accountId('a');
const GENUINE = polledSummary(KEY, A, 3);

describe('polled check', () => {
  it('polled check - takes a genuine summary, with or without its checkpoint', () => {
    const bodyBytes = Buffer.byteLength(GENUINE.body);
    for (const state of [null, checkpoint(A, 3, 8)]) {
      expect(checkPolled(GENUINE, state, KEY.publicKey)).toEqual({
        summary: GENUINE,
        bodyBytes,
        buckets: GENUINE.buckets,
      });
    }
  });

  it.each<[string, Partial<PolledSummary>, string, Checkpoint | null]>([
    [
      'a body that was changed',
      { body: GENUINE.body.replace('"trades":2', '"trades":3') },
      'signature',
      null,
    ],
    ['a body that is none', { body: '{}' }, 'has no member', null],
    ['a body that is too long', { body: 'x'.repeat(BODY_BYTES_MAX + 1) }, 'longer than', null],
    ['another digest', { digest: '0'.repeat(64) }, 'digest', null],
    ['another account', { accountId: accountId('b') }, 'another account', null],
    ['another exchange', { exchange: 'kraken' }, 'another exchange', null],
    ['another seq', { seq: 4 }, 'seq', null],
    ['another begin', { periodStartMs: 0 }, 'period', null],
    ['another end', { periodEndMs: 0 }, 'period', null],
    ['another number of trades', { trades: 1 }, 'number of trades', null],
    ['a checkpoint of a later summary', {}, 'checkpoint', checkpoint(A, 4, 8)],
  ])('polled check - refuses %s', (_name, change, reason, state) => {
    expect(checkPolled({ ...GENUINE, ...change }, state, KEY.publicKey)).toContain(reason);
  });

  it('polled check - refuses a summary of another key', () => {
    expect(checkPolled(GENUINE, null, newEnclaveKey().publicKey)).toContain('no key');
  });
});
