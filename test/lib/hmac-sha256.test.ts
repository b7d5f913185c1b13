import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HmacSha256 } from '../../src/lib/hmac-sha256.ts';

test('of - is the HMAC-SHA256 of node:crypto, for every key and text, and for the borders of a block', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 700 }),
    fc.integer({ min: 0, max: 260 }).map((length) => 'x'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(texts, { maxLength: 20 }), (key, all) => {
      const hmac = new HmacSha256(key);
      for (const text of all) {
        const expected = createHmac('sha256', key).update(text, 'utf8').digest();
        expect(hmac.of(text, 32).toString('hex')).toBe(expected.toString('hex'));
        expect(hmac.of(text, 16).toString('hex')).toBe(expected.toString('hex', 0, 16));
      }
    }),
  );
});

test('constructor - refuses a key that is longer than a block', () => {
  expect(() => new HmacSha256(new Uint8Array(65))).toThrow(RangeError);
});
