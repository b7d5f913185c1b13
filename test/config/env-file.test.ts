// Files of `--env-file`: what a line gives, what wins, and how mistakes are told.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readEnvText, withEnvFile } from '../../src/config/env-file.ts';
import { CodedError } from '../../src/lib/errors.ts';

function mistakes(text: string): readonly string[] {
  try {
    readEnvText(text, 'f.env');
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message.split('\n  ').slice(1);
  }
  return [];
}

describe('env file', () => {
  it.each<[string, string]>([
    ['A=b', 'b'],
    ['  A=b  ', 'b'],
    ['export A=b', 'b'],
    ['A=', ''],
    ['A=""', ''],
    ['A=b c', 'b c'],
    ['A=b # a comment', 'b'],
    ['A=b#c', 'b#c'],
    ['A= # a comment', ''],
    [`A='#b'`, '#b'],
    [`A='b # c'`, 'b # c'],
    [`A='b' # c`, 'b'],
    [String.raw`A='a\b"$C'`, String.raw`a\b"$C`],
    [String.raw`A="a\"b\\c\$d\n"`, String.raw`a"b\c$d\n`],
    ['A=$B', '$B'],
    ['A=b=c', 'b=c'],
    ['A=nats://u:p%40w@h:4222', 'nats://u:p%40w@h:4222'],
    [`A=it's`, `it's`],
    ['\uFEFFA=b', 'b'],
    ['# x\r\n\r\nA=b\r\n', 'b'],
  ])('env file - %j gives %j', (text, value) => {
    expect(readEnvText(text, 'f.env')).toEqual({ A: value });
  });

  it('env file - every mistake is told at once with its line, and no value is shown', () => {
    const text = [
      'GOOD=1',
      'hunter2',
      '2A=hunter2',
      'B = hunter2',
      'C="hunter2',
      `D='hunter2' more`,
      'E="hunter2"more',
      'GOOD=hunter2',
      'F=hunter2\u0007',
      'G=#hunter2',
    ].join('\n');
    const found = mistakes(text);
    expect(found).toEqual([
      'line 2: there is no = in it: write KEY=value, or # before a comment',
      'line 3: what stands before the = is no name: letters, digits and _, and no digit first',
      'line 4: a space stands before the =: remove it',
      'line 5: C: the quote is not closed in this line: a value has one line',
      'line 6: D: text stands behind the closing quote: remove it',
      'line 7: E: text stands behind the closing quote: remove it',
      'line 8: GOOD stands in line 1 already: write it once',
      'line 9: F: a control character is in the value: remove it',
      'line 10: G: the value begins with #: put it in quotes',
    ]);
    expect(found.join('\n')).not.toContain('hunter2');
  });

  it('env file - any text is read or refused with numbered mistakes', () => {
    const line = fc.oneof(fc.string(), fc.stringMatching(/^(export )?[A-C]=["']?[a-z #\\"']{0,6}$/));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        for (const sentence of mistakes(lines.join('\n'))) expect(sentence).toMatch(/^line [1-9]/);
      }),
    );
  });

  it('env file - a quoted value comes back as it was', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~äß€]{0,30}$/u), (value) => {
        const escaped = value.replaceAll(/["\\$`]/g, String.raw`\$&`);
        expect(readEnvText(`A="${escaped}"`, 'f.env')).toEqual({ A: value });
      }),
    );
  });

  it('env file - a variable of the environment wins, an empty one too; a missing file is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'env-file-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'settings.env');
    writeFileSync(file, 'A=file\nB=file\nC=file\n');
    expect(withEnvFile({ B: 'real', C: '' }, file)).toEqual({ A: 'file', B: 'real', C: '' });
    expect(() => withEnvFile({}, join(folder, 'none'))).toThrow(/^The settings file .*none does not exist\./);
  });
});
