import { describe, expect, it } from 'vitest';
import { readSettings, SETTINGS } from '../../../src/federation/config/settings.ts';
import { CodedError } from '../../../src/lib/errors.ts';

const machine = { isTerminal: false, processors: 8, hostName: 'box.example', canRead: () => true };

/** The sentences of the settings that are wrong, without the heading. */
function mistakes(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(env, machine);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message.split('\n  ').slice(1);
  }
  return [];
}

const PATHS = ['DB_PATH', 'EMBEDDED_NATS_DIR', 'NATS_SERVER_BIN', 'NATS_CA', 'NATS_CREDS'];

describe('slips', () => {
  const QUOTED = ['"T/a.db"', "'T/a.db'", '“T/a.db”', '‘T’', '`T`', '«T»', '""', "''", '"', ' "T" '];

  it.each(SETTINGS.map(({ name, secret }) => [name, secret] as const))(
    'slips - %s: quotes at both ends are reported as part of the value',
    (name, secret) => {
      for (const value of QUOTED) {
        const sentence = mistakes({ [name]: value }).find((line) => line.startsWith(`${name} `));
        expect(sentence, value).toMatch(/: the quotes belong to the value, .*: write \w+=… without quotes$/);
        if (secret) expect(sentence, value).toMatch(/^\w+ \(not shown\): /);
        else expect(sentence, value).toContain(JSON.stringify(value.trim()));
      }
    },
  );

  it.each<[string, string, RegExp]>([
    ['HTTP_PORT', 'HTTP_PORT=8080', /own name: write HTTP_PORT= once$/],
    ['NATS_PASSWORD', 'NATS_PASSWORD=hunter2', /\(not shown\): the value begins with the setting's own name/],
    ['NATS_PASSWORD', 'hunter2\nNATS_USER=x', /\(not shown\): a control character/],
    ['LOG_LEVEL', 'in\0fo', /a control character/],
    ['HTTP_PORT', '8080 # for people', /a comment behind a value belongs to the value: write/],
    ['EMBEDDED_NATS', 'off #', /a comment behind a value/],
    ['NATS_URL', 'nats://a:4222 # ours', /a comment behind a value/],
    ['HTTP_HOST', 'local\u200bhost', /a character that cannot be seen/],
    ['AGGREGATOR_ID', 'a\u00a0b', /a character that cannot be seen/],
  ])('slips - %s=%j', (name, value, sentence) => {
    expect(mistakes({ [name]: value })).toEqual([expect.stringMatching(sentence)]);
  });

  it.each<[string, RegExp]>([
    ['"T/a.db', /^a quote at one end would be part of the name: write the path without quotes$/],
    ["T/a.db'", /^a quote at one end would be part of the name/],
    ['~/a.db', /^no shell has put the home folder in the place of ~: write the folder out/],
    ['~anna/a.db', /^no shell has put the home folder/],
    ['$HOME/a.db', /^no shell has filled in the variable: write the path out$/],
    ['/data/${NAME}/a.db', /^no shell has filled in the variable/],
    ['C:\\data\\a.db', /^a path of Windows: write one of this machine/],
    ['d:/data/a.db', /^a path of Windows/],
    ['\\\\server\\share\\a.db', /^a \\ would be part of a name: write \/ between folders/],
    ['data\\a.db', /^a \\ would be part of a name/],
    ['/my\\ data/a.db', /^a \\ would be part of a name: .* a space without \\$/],
    ['/a.db # the database', /^a comment behind a value/],
    ['/a\nb.db', /^a control character/],
    ['/a\tb.db', /^a control character/],
    ['/a\0b.db', /^a control character/],
    ['/a\u00a0b.db', /^a character that cannot be seen/],
    ['/a\u2028b.db', /^a character that cannot be seen/],
    ['/data/ a.db', /^a name in the path begins or ends with a space/],
    ['/data /a.db', /^a name in the path begins or ends with a space/],
    ['sqlite:///data/a.db', /^an address is no path/],
  ])('slips - the path %j', (value, sentence) => {
    for (const name of PATHS) {
      const [line = '', ...others] = mistakes({ [name]: value });
      expect(others, name).toEqual([]);
      const shown = name === 'NATS_CREDS' ? '(not shown)' : JSON.stringify(value);
      expect(line.startsWith(`${name} ${shown}: `), line).toBe(true);
      expect(line.slice(`${name} ${shown}: `.length), name).toMatch(sentence);
    }
  });

  it.each(['224.0.0.1', '239.255.255.250', '255.255.255.255', 'ff02::1', 'FF02::1'])(
    'slips - HTTP_HOST=%s is refused as the address of many machines',
    (host) => {
      expect(mistakes({ HTTP_HOST: host })).toEqual([
        expect.stringMatching(/to which no client can connect: write/),
      ]);
    },
  );

  it('slips - an unusual path that is written on purpose is accepted', () => {
    const paths = [
      '/My Data/a.db',
      './~a.db',
      '/a#b.db',
      "/Anna's/a.db",
      '/größe/a.db',
      '/a"b".db',
      'a$.db',
      '5$/a',
    ];
    for (const path of paths) {
      for (const name of PATHS) expect(mistakes({ [name]: path }), `${name}=${path}`).toEqual([]);
    }
  });

  it('slips - a password may contain characters that other values may not, and a comment in it gives a warning that does not show it', () => {
    for (const value of ['~a', '$B', 'a\\b', '# a', 'a#b', 'ü\u00a0x', 'x"', '"x', 'http://x']) {
      const { settings, warnings } = readSettings({ NATS_PASSWORD: value }, machine);
      expect([settings.nats.password, warnings]).toEqual([value, []]);
    }
    const { warnings } = readSettings({ NATS_PASSWORD: 'hunter2 # ours', NATS_USER: 'a b' }, machine);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^NATS_PASSWORD \(not shown\): holds a space and a #; .* for it is taken as part of the value$/,
      ),
    ]);
    expect(warnings.join()).not.toContain('hunter2');
  });
});
