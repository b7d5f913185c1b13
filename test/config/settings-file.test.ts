// Reading a settings file by the table of a made-up program, so that no domain is needed.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { addressOrNetwork, hostAndPort, hostPortText, httpAddress } from '../../src/config/address-kinds.ts';
import { optional, secret, setting, settingAs, truth } from '../../src/config/definition.ts';
import { readByTable } from '../../src/config/file-reader.ts';
import { anyText, filePath, oneOf, wholeNumber, wholeNumberOrZero } from '../../src/config/kinds.ts';
import { SETTINGS_FILE_BYTES_MAX } from '../../src/config/file-text.ts';
import { nearestOf } from '../../src/config/near-names.ts';
import { type FileProgram, readSettingsFile, readSettingsText } from '../../src/config/settings-file.ts';
import { readTree } from '../../src/config/yaml-tree.ts';
import { CodedError } from '../../src/lib/errors.ts';

const TABLE = {
  listen: settingAs(hostAndPort, '0.0.0.0:80', 'Where it listens.'),
  days: setting(wholeNumberOrZero('for ever', 1, 100), 7, 'Days.'),
  colour: setting(oneOf('red', 'off'), 'red', 'Colour.'),
  'door.is_open': truth(false, 'Whether it is open.'),
  'door.key_file': optional(filePath, 'none', 'File of the key.'),
  'door.password': secret<string>(anyText, 'none', 'Password.'),
  'door.guests[]': optional(anyText, 'none', 'Guests.'),
  'pools[].name': optional(anyText, 'none', 'Name.'),
  'pools[].size': optional(wholeNumber(1, 9), 'none', 'Size.'),
} as const;

const program: FileProgram<typeof TABLE, Readonly<Record<string, unknown>>> = {
  table: TABLE,
  arrange(values, { wrong, warn }) {
    const days = values.get('days');
    if (days?.value === 99) wrong(days.place, 'days 99: too many');
    if (days?.value === 98) warn(days.place, 'days 98: many');
    return Object.fromEntries(values.all().map(({ path, value }) => [path, value]));
  },
};

/** The mistakes of the text, each beginning with its line and column. */
function mistakes(text: string): readonly string[] {
  try {
    readSettingsText(program, text, 'f.yaml');
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message
      .split('\n  ')
      .slice(1)
      .map((line) => line.replace(/^line (\d+), column (\d+): /, '$1:$2 '));
  }
  return [];
}

const valuesOf = (text: string) => readSettingsText(program, text, 'f.yaml').settings;

describe('a settings file', () => {
  it('file - values of blocks and lists, with their types and places', () => {
    const text = 'days: 3\ndoor:\n  guests: [a, "b c"]\npools:\n- {name: x, size: 2}\n- name: y\n';
    expect(valuesOf(text)).toEqual({
      days: 3,
      'door.guests[0]': 'a',
      'door.guests[1]': 'b c',
      'pools[0].name': 'x',
      'pools[0].size': 2,
      'pools[1].name': 'y',
    });
    const { values } = readSettingsText(program, text, 'f.yaml');
    expectTypeOf(values.get('days')?.value).toEqualTypeOf<number | undefined>();
    expectTypeOf(values.get('door.is_open')?.value).toEqualTypeOf<boolean | undefined>();
    expectTypeOf(values.get('pools[].name', 0)?.value).toEqualTypeOf<string | undefined>();
    expect(values.get('pools[].name', 1)).toEqual({
      value: 'y',
      path: 'pools[1].name',
      place: { line: 6, column: 3 },
      text: 'y',
    });
    expect([values.count('pools'), values.count('door.guests'), values.placeOf('door')]).toEqual([
      2,
      2,
      { line: 2, column: 1 },
    ]);
    expect([values.lacks('colour'), values.lacks('days')]).toEqual([true, false]);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['\uFEFFdays: 3\r\ncolour: red\r\n', { days: 3, colour: 'red' }],
    ['---\ndays: 3\n...\n', { days: 3 }],
    ['# only a comment\ndays: 0 # for ever', { days: 0 }],
    ['{"days": 3, "door": {"is_open": true}}', { days: 3, 'door.is_open': true }],
    ['colour: off', { colour: 'off' }],
    ['colour: "RED"', { colour: 'red' }],
    ['door: {is_open: True}', { 'door.is_open': true }],
    ['days: null\ncolour: ~', {}],
    ['door: {password: "12 # 3"}', { 'door.password': '12 # 3' }],
    ['pools: &p [{name: a}]\ndoor: {guests: &g [x]}', { 'pools[0].name': 'a', 'door.guests[0]': 'x' }],
    ['pools: [&a {name: a, size: 1}, *a]', expect.objectContaining({ 'pools[1].size': 1 })],
    ['listen: 1.2.3.4:80', { listen: { host: '1.2.3.4', port: 80 } }],
    ['door:\n  key_file: >-\n    a\n', { 'door.key_file': 'a' }],
  ])('file - %j is right', (text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  it.each<[string, ...string[]]>([
    ['days: 101', '1:7 days 101: allowed is 0 (for ever) or a whole number from 1 to 100'],
    ['days: -1', '1:7 days -1: allowed is 0 (for ever) or a whole number from 1 to 100'],
    ['days: 1.0', '1:7 days 1.0: allowed is 0 (for ever) or a whole number from 1 to 100'],
    ['days: 0x10', '1:7 days 0x10: allowed is 0 (for ever) or a whole number from 1 to 100'],
    [
      'days: "3"',
      '1:7 days "3": text in quotes stands here, and a number is needed: write it without quotes',
    ],
    ['days: three', '1:7 days "three": allowed is 0 (for ever) or a whole number from 1 to 100'],
    ['days:', '1:1 days: nothing stands behind the colon: write a value, or remove the line'],
    ['days: [1]', '1:7 days: a list stands here, and a number is needed'],
    ['days: {a: 1}', '1:7 days: a block of keys stands here, and a number is needed'],
    ['colour: true', '1:9 colour true: allowed is `red` or `off`'],
    ['colour: ""', '1:9 colour "": the text is empty: allowed is `red` or `off`'],
    ['door: {is_open: yes}', '1:17 door.is_open "yes": allowed is `true` or `false`'],
    [
      'door: {is_open: "true"}',
      '1:17 door.is_open "true": text in quotes stands here, and `true` or `false` is needed: write it without quotes',
    ],
    [
      'door: {password: 12345}',
      '1:18 door.password (not shown): a number stands here, and text is needed: write it in quotes',
    ],
    [
      'door:\n  password: #secret',
      '2:3 door.password: nothing stands behind the colon: write a value, or remove the line',
    ],
    [
      'door:\n  key_file: ~/key',
      '2:13 door.key_file "~/key": no shell has put the home folder in the place of ~: write the folder out (a file of that name: ./~)',
    ],
    [
      'door:\n  key_file: "a\\tb"',
      '2:13 door.key_file "a\\tb": a control character (a line break, a tab) is in the value: write it on one line, without',
    ],
    ['door: 5', '1:7 door: a number stands here, and a block of keys is needed'],
    ['door: {guests: a}', '1:16 door.guests: text stands here, and a list is needed'],
    ['pools: [a]', '1:9 pools[0]: text stands here, and a block of keys is needed'],
    ['pools: [{name: a, size: 0}]', '1:25 pools[0].size 0: allowed is a whole number from 1 to 9'],
    ['pools: [{nam: a}]', '1:10 pools[0].nam: no key has this name; is pools[0].name meant?'],
    ['dayz: 1', '1:1 dayz: no key has this name; is days meant?'],
    ['is_open: true', '1:1 is_open: no key has this name; is door.is_open meant?'],
    ['zzzzz: 1', '1:1 zzzzz: no key has this name; the keys here are listen, days, colour, door, pools'],
    [
      '"a b c": 1',
      '1:1 a key in the file (not shown): no key has this name; the keys here are listen, days, colour, door, pools',
    ],
    ['days: 99', '1:1 days 99: too many'],
    ['days: 1\n\ndays: 2', '3:1 this key stands in line 1 already: write it once'],
    ['door:\n\tis_open: true', '2:1 a tab indents this line: use spaces'],
    ['- a', '1:1 the file must be a block of keys, each with a colon and a value'],
    ['hunter2', '1:1 the file must be a block of keys, each with a colon and a value'],
    ['', 'the file is empty'],
    ['# nothing\n', 'the file is empty'],
    ['days: 1\n---\ndays: 2', '2:1 a second document begins here (---): write one in a file'],
    ['<<: {days: 1}', '1:1 merge keys (<<) are not read: write the keys out'],
    ['days: !!int 3', '1:7 tags (words that begin with !) are not read: remove it'],
    ['days: *x', '1:7 no anchor of this name stands before the alias'],
    ['door: &d {guests: [*d]}', '1:20 values stand in one another more than 20 deep: write them flat'],
    [
      'door:\n  password: a: b',
      '2:13 the value begins with a character that has a meaning of its own, or has a colon and a space: write it in quotes',
    ],
    [
      'listen: [::]:80',
      '1:13 the text cannot be read from here: look at the colon, the quotes and the indentation',
    ],
    ['listen: 80', '1:9 listen 80: a port without a host: write 0.0.0.0 and a colon before it'],
    [
      'dayz: 1\ndays: x\ndoor: {is_opn: 1}',
      '1:1 dayz: no key has this name; is days meant?',
      '2:7 days "x": allowed is 0 (for ever) or a whole number from 1 to 100',
      '3:8 door.is_opn: no key has this name; is door.is_open meant?',
    ],
  ])('file - %j is wrong', (text, ...sentences) => {
    expect(mistakes(text)).toEqual(sentences);
  });

  it('file - the heading names the file and counts the mistakes; a warning has its place too', () => {
    expect(() => readSettingsText(program, 'a: 1\nb: 2', '/etc/f.yaml')).toThrow(
      /^\/etc\/f\.yaml has 2 mistakes:\n {2}line 1, column 1: a: no key .*\n {2}line 2, column 1: b: no key [^\n]*$/,
    );
    expect(readSettingsText(program, 'days: 98\ndoor:', 'f').warnings).toEqual([
      'line 1, column 1: days 98: many',
      'line 2, column 1: door: nothing stands in this block: its defaults hold',
    ]);
  });

  it('file - an alias bomb, deep nesting and long lists end in a sentence', () => {
    let bomb = 'a: &a [x,x,x,x,x,x,x,x,x]\n';
    for (const [index, name] of Array.from('bcdefghij').entries()) {
      bomb += `${name}: &${name} [${Array<string>(9)
        .fill(`*${'abcdefghij'[index] ?? ''}`)
        .join(',')}]\n`;
    }
    expect(mistakes(bomb)).toEqual([
      expect.stringMatching(/more than 10000 values, those that aliases repeat/),
    ]);
    expect(mistakes(`days: ${'['.repeat(20_000)}`).length).toBeGreaterThan(0);
    expect(mistakes(`days: ${'['.repeat(50)}${']'.repeat(50)}`)).toEqual([
      expect.stringMatching(/more than 20 deep/),
    ]);
    expect(mistakes(`door: {guests: [${'a, '.repeat(101)}]}`)).toEqual([
      '1:8 door.guests: allowed are at most 100 elements',
    ]);
  });

  it('file - no text whatever makes the reader throw anything else, or shows a password', () => {
    const piece = fc.constantFrom(
      'days',
      ': ',
      '1',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '&a',
      '*a',
      '#',
      '|',
      '>',
      '%',
      '!',
      '\t',
      '?',
      ',',
      'door',
      'hunter2',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const tree = readTree(text);
        if (tree.type === 'tree') readByTable(TABLE, tree.root);
      }),
      { numRuns: 2_000 },
    );
    for (const wrap of [
      'door: {password: [hunter2]}',
      'door: {password: {hunter2: 1}}',
      'door: {hunter2 x: 1}',
      'door: hunter2',
      'door: {password: hunter2: x}',
      "door: {password: 'hunter2}",
      'password=hunter2',
      'door: {password: !hunter2 x}',
      'door: {password: *hunter2}',
      'door: {password: @hunter2}',
    ]) {
      expect(mistakes(wrap).join('\n'), wrap).not.toContain('hunter2');
      expect(mistakes(wrap).length, wrap).toBeGreaterThan(0);
    }
  });
});

describe('a file on the disk', () => {
  it('file - what cannot be read is one sentence with the path', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'f.yaml');
    const sentence = (): string => {
      try {
        readSettingsFile(program, path);
        return 'right';
      } catch (error) {
        return (error as Error).message.replace(path, 'F');
      }
    };
    expect(sentence()).toBe('The settings file F does not exist.');
    writeFileSync(path, 'days: 5\n');
    expect(sentence()).toBe('right');
    writeFileSync(path, Buffer.from('\xff\xfed\0a\0', 'latin1'));
    expect(sentence()).toBe('The settings file F is not UTF-8 text: save it as UTF-8.');
    writeFileSync(path, `days: 5 #${'x'.repeat(SETTINGS_FILE_BYTES_MAX)}`);
    expect(sentence()).toBe(
      `The settings file F is longer than ${SETTINGS_FILE_BYTES_MAX} bytes, so it is perhaps another file.`,
    );
    writeFileSync(path, `days: 5 #${'x'.repeat(SETTINGS_FILE_BYTES_MAX - 9)}`);
    expect(sentence()).toBe('right');
    for (const other of [folder, '/dev/null']) {
      expect(() => readSettingsFile(program, other)).toThrow(/is not a file\.$/);
    }
    expect(() => readSettingsFile(program, join(path, 'x'))).toThrow(/cannot be read \(ENOTDIR\)\.$/);
  });
});

describe('kinds of addresses', () => {
  it.each<[string, string | RegExp]>([
    ['0.0.0.0:8080', '0.0.0.0:8080'],
    ['[::]:8080', '[::]:8080'],
    ['localhost:1', 'localhost:1'],
    ['::1:8080', /brackets/],
    ['8080', /a port without a host/],
    [':8080', /the host is missing/],
    ['0.0.0.0', /the port is missing/],
    ['0.0.0.0:0', /^port 0/],
    ['0.0.0.0:65536', /^undefined$/],
    ['http://a:1', /a scheme/],
    ['[1.2.3.4]:80', /^undefined$/],
    ['224.0.0.1:80', /^undefined$/],
  ])('address - host and port %s', (text, expected) => {
    const parsed = hostAndPort.parse(text);
    if (typeof expected === 'string') expect(parsed && hostPortText(parsed)).toBe(expected);
    else {
      expect(parsed).toBeUndefined();
      expect(String(hostAndPort.explain?.(text))).toMatch(expected);
    }
  });

  it.each<[string, string | null | undefined, string | null]>([
    ['http://a:8080/p?q=1', 'http://a:8080/p?q=1', null],
    ['https://a', 'https://a/', null],
    ['http://[::1]:80/x', 'http://[::1]/x', null],
    ['http://u:p%40x@a/', 'http://a/', 'u p@x'],
    ['http://u@a/', undefined, null],
    ['http://:p@a/', undefined, null],
    ['http://a:0/', undefined, null],
    ['http://a/#b', undefined, null],
    ['http:///x', undefined, null],
    ['a:80', undefined, null],
    ['http://a b/', undefined, null],
  ])('address - HTTP %s', (text, url, login) => {
    const parsed = httpAddress.parse(text);
    expect(parsed?.url).toBe(url);
    expect(parsed?.username == null ? null : `${parsed.username} ${parsed.password}`).toBe(login);
  });

  it.each<[string, boolean]>([
    ['10.0.0.0/8', true],
    ['::1', true],
    ['fd00::/8', true],
    ['10.0.0.0/33', false],
    ['10.0.0.0/08', false],
    ['10.0.0.0/8/8', false],
    ['proxy', false],
  ])('address - %s as an address or a network: %s', (text, isRight) => {
    expect(addressOrNetwork.parse(text) !== undefined).toBe(isRight);
  });
});

describe('the nearest name', () => {
  it.each<[string, string | undefined]>([
    ['listen_adress', 'listen_address'],
    ['listenAddress', 'listen_address'],
    ['listen-address', 'listen_address'],
    ['server_listen', undefined],
    ['Levle', 'level'],
    ['a', undefined],
    ['x'.repeat(65), undefined],
  ])('nearest name - %s', (written, meant) => {
    expect(nearestOf(['listen_address', 'level', 'file'], written)).toBe(meant);
  });
});
