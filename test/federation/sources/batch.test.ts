import { describe, expect, it } from 'vitest';
import {
  BatchFiller,
  type BatchMessage,
  createBatch,
  readBatch,
} from '../../../src/federation/sources/batch.ts';

/** The texts that the reader returns for these payloads, and the expected texts. */
function textsOf(payloads: readonly Buffer[], credential: string | null = null) {
  const bytes = payloads.reduce((sum, { length }) => sum + length + (credential?.length ?? 0), 0);
  const filler = new BatchFiller(createBatch(payloads.length, bytes));
  for (const payload of payloads) {
    const message: BatchMessage = { subject: 3, payload, atMs: 1, seq: 1, observedMs: 1, credential };
    expect(filler.add(message)).toBe(true);
  }
  const texts: (string | null | undefined)[] = [];
  readBatch(filler.batch, (message) => {
    expect(Buffer.compare(message.payload, payloads[texts.length] ?? Buffer.alloc(0))).toBe(0);
    texts.push(message.text);
  });
  expect(texts).toHaveLength(payloads.length);
  return texts;
}

const ascii = (length: number, at: number) => Buffer.from(`{"${String(at).padEnd(length - 4, 'x')}"}`);

describe('batch texts', () => {
  it('batch texts - texts of ASCII payloads equal the payloads, whatever their lengths', () => {
    const lengths = [4, 16_385, 0, 300, 70_000, 1, 65_536, 65_535];
    const payloads = Array.from({ length: 200 }, (_, at) =>
      Buffer.from('~'.repeat(lengths[at % 8] ?? 0).replace(/^~/, String(at % 10))),
    );
    expect(textsOf(payloads)).toEqual(payloads.map(String));
  });

  it('batch texts - signatures between the payloads are in no text', () => {
    const payloads = Array.from({ length: 1000 }, (_, at) => ascii(400, at));
    expect(textsOf(payloads, 'c'.repeat(64))).toEqual(payloads.map(String));
  });

  it('batch texts - a byte beyond ASCII leaves its neighbourhood without texts; later payloads have texts again', () => {
    const payloads = Array.from({ length: 1000 }, (_, at) =>
      at === 500 ? Buffer.from('{"ü":1}') : ascii(400, at),
    );
    const texts = textsOf(payloads);
    expect(texts[500]).toBeNull();
    texts.forEach((text, at) => {
      if (text !== null) expect(text).toBe(String(payloads[at]));
    });
    expect(texts.filter((text) => text === null).length).toBeLessThan(400);
    expect(texts[0]).not.toBeNull();
    expect(texts[999]).not.toBeNull();
  });

  it.each([['ff'], ['c3'], ['80'], ['eda080'], ['efbbbf7b7d']])(
    'batch texts - there is no text for %s',
    (hex) => {
      expect(textsOf([Buffer.from(hex, 'hex')])).toEqual([null]);
    },
  );
});
