// Sealed states of accounts: only the same key opens them, only for the same account, and only unaltered.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHECKPOINT_PLAIN_BYTES_MAX,
  CHECKPOINT_SEALED_BYTES_MAX,
} from '../../../../src/trades/enclave/keys/checkpoint-sealer.ts';
import { SealKey } from '../../../../src/trades/enclave/keys/seal-key.ts';
import { LINK_MESSAGE_BYTES_MAX } from '../../../../src/trades/domain/enclave-link.ts';

const BYTES = createHash('sha256').update('a seal key of tests').digest();
const { checkpoints } = new SealKey(BYTES, false);
const STATE = JSON.stringify({ cursor: 'planted-cursor', lots: [1, 2, 3] });

function sealed(state = STATE): string {
  const text = checkpoints.seal('account-1', state);
  if (text === null) throw new Error('it is short enough');
  return text;
}

describe('checkpoint sealer', () => {
  it('checkpoint sealer - gives back every state, after a restart too, and never seals alike', () => {
    const restarted = new SealKey(BYTES, false).checkpoints;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (state) => {
        expect(restarted.open('account-1', sealed(state))).toBe(state);
      }),
      { numRuns: 50 },
    );
    expect(sealed()).not.toBe(sealed());
    expect(Buffer.from(sealed(), 'base64').toString('latin1')).not.toContain('planted');
  });

  it('checkpoint sealer - opens for no other account and with no other key', () => {
    expect(checkpoints.open('account-2', sealed())).toBeNull();
    expect(SealKey.temporary().checkpoints.open('account-1', sealed())).toBeNull();
  });

  it('checkpoint sealer - refuses it with any byte altered, cut or added', () => {
    const bytes = Buffer.from(sealed(), 'base64');
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(checkpoints.open('account-1', altered.toString('base64'))).toBeNull();
      expect(checkpoints.open('account-1', bytes.subarray(0, at).toString('base64'))).toBeNull();
    }
    const longer = Buffer.concat([bytes, Buffer.of(0)]).toString('base64');
    expect(checkpoints.open('account-1', longer)).toBeNull();
  });

  it('checkpoint sealer - never throws at rubbish', () => {
    fc.assert(fc.property(fc.string(), (text) => checkpoints.open('account-1', text) === null));
  });

  it('checkpoint sealer - refuses what is too long, sealed or not', () => {
    expect(checkpoints.open('account-1', 'A'.repeat((CHECKPOINT_SEALED_BYTES_MAX / 3) * 4 + 4))).toBeNull();
    expect(checkpoints.seal('account-1', 'x'.repeat(CHECKPOINT_PLAIN_BYTES_MAX + 1))).toBeNull();
    expect((CHECKPOINT_SEALED_BYTES_MAX / 3) * 4 + 10_000).toBeLessThan(LINK_MESSAGE_BYTES_MAX);
  });
});
