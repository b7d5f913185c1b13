// The scanner finds what JSON.parse finds, whatever the borders of the chunks; and it says where a text is no JSON.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonScanner } from '../../../src/agent/sources/json-scanner.ts';
import { NESTED_LEVELS_MAX } from '../../../src/agent/sources/json-tokens.ts';
import { KEPT_BYTES_MAX } from '../../../src/agent/sources/kept-text.ts';
import { documentText } from './arbitrary-documents.ts';
import { plainResults, scan } from './plain-records.ts';

const chunkLengths = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 });
const completed = (executionId: string, atMs: number | null = null): object => ({
  kind: 'completed',
  executionId,
  atMs,
});
const outcome = (executionId: string): string =>
  `{"type":"computed_outcome","executionId":${JSON.stringify(executionId)}}`;
const scanText = (text: string, length = 7): ReturnType<typeof scan> => scan(Buffer.from(text), [length]);

describe('json scanner', () => {
  it('json scanner - finds what JSON.parse of the whole text finds, in chunks of 1 to 64 bytes', () => {
    fc.assert(
      fc.property(documentText, chunkLengths, (text, lengths) => {
        const found = scan(Buffer.from(text), lengths);
        expect(found.damagedAt).toBeNull();
        expect(found.isDone).toBe(true);
        expect(found.results).toEqual(plainResults(text));
      }),
      { numRuns: 300 },
    );
  });

  it('json scanner - goes on behind any record', () => {
    fc.assert(
      fc.property(documentText, chunkLengths, fc.nat(), (text, lengths, choice) => {
        const bytes = Buffer.from(text);
        const whole = scan(bytes, [bytes.length]);
        if (whole.places.length === 0) return;
        const index = choice % whole.places.length;
        const rest = scan(bytes, lengths, whole.places[index]);
        expect(rest.results).toEqual(whole.results.slice(index + 1));
        expect(rest.places).toEqual(whole.places.slice(index + 1));
        expect(rest).toMatchObject({ isDone: true, damagedAt: null });
      }),
      { numRuns: 150 },
    );
  });

  it('json scanner - a text that ends early is not damaged, and tells its complete records', () => {
    fc.assert(
      fc.property(documentText, fc.nat(), (text, choice) => {
        const bytes = Buffer.from(text.trimEnd());
        const whole = scan(bytes, [64]);
        const cut = scan(bytes.subarray(0, choice % bytes.length), [5]);
        expect(cut).toMatchObject({ isDone: false, damagedAt: null });
        expect(whole.results.slice(0, cut.results.length)).toEqual(cut.results);
      }),
      { numRuns: 150 },
    );
  });

  it('json scanner - a text that JSON.parse refuses is damaged or incomplete', () => {
    fc.assert(
      fc.property(
        documentText,
        fc.nat(),
        fc.constantFrom(...Array.from('{}[],:"\\x0-.e\n\u0001')),
        (text, choice, character) => {
          const at = choice % (text.length + 1);
          const changed = text.slice(0, at) + character + text.slice(at + 1);
          const { isDone, damagedAt, results } = scan(Buffer.from(changed), [3]);
          let isJson = true;
          try {
            JSON.parse(changed);
          } catch {
            isJson = false;
          }
          if (!isJson) expect([isDone, damagedAt === null]).not.toEqual([true, true]);
          else if (damagedAt === null && isDone && !/"records"|\\u/.test(text))
            expect(results).toEqual(plainResults(changed));
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each<[string, string, number]>([
    ['a comma too many', '{"records":[{"a":1},]}', 20],
    ['a value too few', '{"records":[{"a":}]}', 17],
    ['the wrong bracket', '{"records":[{"a":1]}', 18],
    ['a control character in a string', '[{"a":"b\nc"}]', 8],
    ['a control character in a skipped string', '[{"a":[["b\u0000c"]]}]', 10],
    ['an unknown escape', '[{"a":"\\x"}]', 8],
    ['an escape that is no hex', '[{"a":"\\u00g0"}]', 11],
    ['a leading zero', '[{"a":01}]', 7],
    ['a bare fraction', '[{"a":.5}]', 6],
    ['a number without digits', '[{"a":-}]', 7],
    ['an open fraction', '[{"a":1.}]', 8],
    ['an open exponent', '[{"a":1e+}]', 9],
    ['a word', '[{"a":nil}]', 7],
    ['single quotes', "[{'a':1}]", 2],
    ['text behind the end', '{"records":[]} x', 15],
    ['two documents', '[]\n[]', 3],
    ['a mark that is not the first', ' \ufeff[]', 1],
    ['half a mark', '\u00ef[]', 0],
    ['a text that is a string', '"records"', 9],
    ['zero bytes', '\u0000\u0000', 0],
  ])('json scanner - %s is damage at its offset', (_, text, offset) => {
    for (const length of [1, 3, 64]) {
      const found = scanText(text, length);
      expect(found.damagedAt).toBe(offset);
      expect(found.isDone).toBe(false);
    }
  });

  it('json scanner - records before damage count, those behind it do not', () => {
    const { results, damagedAt } = scanText(`[${outcome('a')},${outcome('b')},{"x":tru},${outcome('c')}]`);
    expect(results).toEqual([completed('a'), completed('b')]);
    expect(damagedAt).toBe(2 * outcome('a').length + 3 + 8);
  });

  it.each<[string, string]>([
    ['a byte order mark', `\ufeff{"records":[${outcome('a')}]}`],
    ['a bare array', `[${outcome('a')}]`],
    ['a bare array with a mark', `\ufeff [${outcome('a')}]`],
    ['members before and behind', `{"n":{"records":[${outcome('x')}]},"records":[${outcome('a')}],"z":[[]]}`],
    ['an escaped name', `{"r\\u0065cords":[${outcome('a').replace('"type"', '"t\\u0079pe"')}]}`],
  ])('json scanner - reads a document with %s', (_, text) => {
    expect(scanText(text)).toMatchObject({ results: [completed('a')], isDone: true, damagedAt: null });
  });

  it.each<[string]>([
    [''],
    [' \n'],
    ['{"records":'],
    ['{"records":[{"type":"computed_outcome"'],
    ['\ufeff'],
    ['[1'],
  ])('json scanner - %j waits for its rest', (text) => {
    expect(scanText(text)).toEqual({ results: [], places: [], isDone: false, damagedAt: null });
  });

  it('json scanner - a document without records has none', () => {
    for (const text of ['{}', '{"a":1}', '{"records":null}', '[]']) {
      expect(scanText(text)).toMatchObject({ results: [], isDone: true, damagedAt: null });
    }
  });

  it('json scanner - a text is kept up to its limit, in bytes without escapes', () => {
    const invoice = (chainId: string): string =>
      `[{"type":"invoice","invoiceId":"i","chainId":"${chainId}","chainId":"1"}]`;
    // A name of any length, and a text that is too long, leave the others as they are.
    expect(scanText(invoice('7'.repeat(KEPT_BYTES_MAX + 1))).results).toMatchObject([{ chainId: '1' }]);
    const id = '\\u00e9'.repeat(128);
    expect(
      scanText(`[{"type":"computed_outcome","executionId":"${id}","${'n'.repeat(9_999)}":1}]`).results,
    ).toEqual([completed('é'.repeat(128))]);
    const kept = (length: number): (string | null)[] => {
      const texts: (string | null)[] = [];
      const scanner = new JsonScanner((record) => texts.push(record.text('record', 'taskId')));
      scanner.push(Buffer.from(`[{"taskId":"${'é'.repeat(length / 2)}"},{"taskId":"a"}]`));
      return texts;
    };
    expect(kept(KEPT_BYTES_MAX)).toEqual(['é'.repeat(KEPT_BYTES_MAX / 2), 'a']);
    expect(kept(KEPT_BYTES_MAX + 2)).toEqual([null, 'a']);
  });

  it('json scanner - brackets are checked up to the limit of levels, and counted below it', () => {
    const nested = (levels: number, open: string, close: string): string =>
      `[{"x":${open.repeat(levels)}${close.repeat(levels)}},${outcome('a')}]`;
    const within = NESTED_LEVELS_MAX - 2;
    for (const levels of [1, within, within + 1, 100_000]) {
      expect(scanText(nested(levels, '[', ']'))).toMatchObject({
        results: ['other', completed('a')],
        isDone: true,
      });
    }
    expect(scanText(nested(within, '[', '}')).damagedAt).not.toBeNull();
    const wrong = `[{"x":${'['.repeat(within)}["]}",\u0022\\\u0022{"}${']'.repeat(within)}},${outcome('a')}]`;
    expect(scanText(wrong)).toMatchObject({ results: ['other', completed('a')], isDone: true });
  });

  it('json scanner - bytes that are no UTF-8 are replaced in a kept text and do no harm elsewhere', () => {
    const bytes = Buffer.from(`[{"x":"??"},${outcome('a?')}]`, 'latin1').map((byte) =>
      byte === 0x3f ? 0xff : byte,
    );
    expect(scan(bytes, [2])).toMatchObject({ results: ['other', completed('a\ufffd')], damagedAt: null });
  });
});
