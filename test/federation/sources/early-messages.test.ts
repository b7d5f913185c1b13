import { expect, it } from 'vitest';
import { EarlyMessages } from '../../../src/federation/sources/early-messages.ts';

it('early messages - what came before the release is passed on in its order, and then everything at once', () => {
  const told: string[] = [];
  const early = new EarlyMessages({
    message: ({ seq }) => void told.push(`message ${seq}`),
    ended: (askedMs) => void told.push(`ended ${askedMs}`),
    broken: (reason) => void told.push(`broken: ${reason}`),
  });
  const message = {
    seq: 1,
    atMs: 1,
    subject: 0,
    payload: Buffer.alloc(0),
    credential: null,
    pending: 0,
    heardMs: 1,
  };
  early.message(message);
  early.ended(5);
  expect(told).toEqual([]);
  early.release();
  early.message({ ...message, seq: 2 });
  early.broken('gone');
  expect(told).toEqual(['message 1', 'ended 5', 'message 2', 'broken: gone']);
});
