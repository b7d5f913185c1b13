import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { csvHeaders, csvRow, fileTime } from '../../src/http/csv.ts';
import { parseCsv } from '../support/csv.ts';

describe('csv', () => {
  it.each([
    [['a', 1, true, null, 0.5], 'a,1,true,,0.5\r\n'],
    [['a,b', 'say "no"', 'two\r\nlines'], '"a,b","say ""no""","two\r\nlines"\r\n'],
    [[''], '\r\n'],
    [[-1, 'Zürich — 東京'], '-1,Zürich — 東京\r\n'],
  ])('writes %j', (cells, text) => {
    expect(csvRow(cells)).toBe(text);
  });

  it.each(['=1+1', '+1', '@SUM(A1)', '\tx', "-cmd|' /C calc'!A0", '-1+SUM(A1)'])(
    'keeps a spreadsheet from computing %j',
    (cell) => {
      expect(parseCsv(csvRow([cell]))).toEqual([[`'${cell}`]]);
    },
  );

  it.each(['-node_1', '-', '--', '-1.5', 'a=b', 'x@y'])('leaves %j as it is', (cell) => {
    expect(csvRow([cell])).toBe(`${cell}\r\n`);
  });

  it('is read back as it was, whatever a text holds', () => {
    const text = fc.string({ unit: 'binary' }).filter((each) => !/^[=+@\t\r-]/.test(each));
    fc.assert(
      fc.property(fc.array(fc.array(text, { minLength: 2, maxLength: 4 }), { minLength: 1 }), (rows) => {
        expect(parseCsv(rows.map((cells) => csvRow(cells)).join(''))).toEqual(rows);
      }),
    );
  });

  it('names a file in which spreadsheets and shells find nothing to misread', () => {
    expect(csvHeaders(`nodes-${fileTime(Date.UTC(2026, 0, 15, 10, 30, 5, 9))}`)).toEqual({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="nodes-20260115T103005Z.csv"',
    });
  });
});
