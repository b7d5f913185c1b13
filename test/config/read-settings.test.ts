// Reading settings by the table of a made-up program, so that no domain is needed.

import { describe, expect, expectTypeOf, it } from 'vitest';
import { onOff, optional, rowsOf, secret, setting } from '../../src/config/definition.ts';
import { anyText, filePath, oneOf, onOrOff, wholeNumber } from '../../src/config/kinds.ts';
import { natsUrls } from '../../src/config/nats-urls.ts';
import { readSome, readTable, type SettingsProgram } from '../../src/config/read-settings.ts';
import { CodedError } from '../../src/lib/errors.ts';

const TABLE = {
  POOL_URL: optional(natsUrls, 'unset', 'Where the pool is.'),
  POOL_PASSWORD: secret(anyText, 'unset', 'Password at the pool.'),
  LOWEST: setting(wholeNumber(0, 100), 1, 'The least of both.'),
  GREATEST: setting(wholeNumber(0, 100), 9, 'The greatest of both.'),
  PLOT_FOLDER: optional(filePath, 'unset', 'Folder of the plots.'),
  COLOUR: setting(oneOf('red', 'green', 'RGB'), 'red', 'Colour of the page.'),
  MINING_ENABLED: onOff(onOrOff, true, 'Whether it mines.'),
} as const;

const program: SettingsProgram<typeof TABLE> = {
  table: TABLE,
  retired: { names: ['POOL_ADDRESS'], advice: 'not known any more; see POOL_URL' },
  brokenRules: ({ LOWEST, GREATEST }) =>
    LOWEST < GREATEST ? [] : [{ names: ['LOWEST', 'GREATEST'], sentence: `LOWEST ${LOWEST}: too great` }],
};

function mistakes(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message.split('\n  ').slice(1);
  }
  return [];
}

describe('a table of settings', () => {
  it('a table of settings - unset and empty values give the defaults', () => {
    const defaults = {
      POOL_URL: null,
      POOL_PASSWORD: null,
      LOWEST: 1,
      GREATEST: 9,
      PLOT_FOLDER: null,
      COLOUR: 'red',
      MINING_ENABLED: true,
    };
    expect(readTable(program, {}).values).toEqual(defaults);
    expect(readTable(program, { LOWEST: '', COLOUR: ' \t' }).values).toEqual(defaults);
  });

  it('a table of settings - values are trimmed and have the types of their kinds', () => {
    const { values, warnings } = readTable(program, {
      LOWEST: ' 7 ',
      COLOUR: 'GREEN',
      MINING_ENABLED: 'off',
    });
    expect(values).toMatchObject({ LOWEST: 7, COLOUR: 'green', MINING_ENABLED: false });
    expect(warnings).toEqual([]);
    // A word of a kind may itself stand in capitals.
    expect(readTable(program, { COLOUR: 'RGB' }).values.COLOUR).toBe('RGB');
    expect(readTable(program, { COLOUR: 'rgb' }).values.COLOUR).toBe('RGB');
    expectTypeOf(values.LOWEST).toEqualTypeOf<number>();
    expectTypeOf(values.COLOUR).toEqualTypeOf<'red' | 'green' | 'RGB'>();
    expectTypeOf(values.PLOT_FOLDER).toEqualTypeOf<string | null>();
  });

  it('a table of settings - all mistakes are reported at once, slips and broken rules too', () => {
    const env = { LOWEST: '50', GREATEST: '50', COLOUR: 'blue', PLOT_FOLDER: '~/plots' };
    expect(mistakes(() => readTable(program, env))).toEqual([
      expect.stringMatching(/^PLOT_FOLDER "~\/plots": no shell has put the home folder/),
      'COLOUR "blue": allowed is `red` or `green` or `RGB`',
      'LOWEST 50: too great',
    ]);
  });

  it('a table of settings - a rule is not checked against the default that replaces a wrong value', () => {
    expect(mistakes(() => readTable(program, { LOWEST: 'x', GREATEST: '0' }))).toEqual([
      'LOWEST "x": allowed is a whole number from 0 to 100',
    ]);
  });

  it('a table of settings - no secret is shown, wherever it is written', () => {
    const env = {
      POOL_PASSWORD: '"hunter2"',
      POOL_URL: 'nats://me:hunter2/x@a',
      COLOUR: '-----BEGIN hunter2',
    };
    const found = mistakes(() => readTable(program, env));
    expect(found).toHaveLength(3);
    expect(found.join('\n')).not.toContain('hunter2');
  });

  it('a table of settings - chosen settings are read even if others are wrong', () => {
    const env = { LOWEST: '2', GREATEST: 'x' };
    expect(readSome(TABLE, env, ['LOWEST'])['LOWEST']).toBe(2);
    expect(mistakes(() => readSome(TABLE, env, ['LOWEST', 'GREATEST']))).toHaveLength(1);
  });

  it('a table of settings - names of an earlier program give one warning, and no suggestion', () => {
    const { warnings } = readTable(program, { POOL_ADDRESS: 'x' });
    expect(warnings).toEqual(['POOL_ADDRESS: not known any more; see POOL_URL']);
    expect(readTable(program, { POOL_ADDRESS: ' ' }).warnings).toEqual([]);
  });

  it('a table of settings - a near name and a comment in a password give warnings that show no value', () => {
    const { warnings } = readTable(program, { POOL_PASWORD: 'hunter2', POOL_PASSWORD: 'hunter2 # ours' });
    expect(warnings).toEqual([expect.stringMatching(/^POOL_PASSWORD \(not shown\): holds a space and a #/)]);
    expect(readTable(program, { POOL_PASWORD: 'hunter2' }).warnings).toEqual([
      'POOL_PASWORD: no setting has this name; is POOL_PASSWORD meant?',
    ]);
  });

  it('a table of settings - its rows give the table of the documentation', () => {
    expect(rowsOf(TABLE).map(({ name, default: text, secret: isSecret }) => [name, text, isSecret])).toEqual([
      ['POOL_URL', 'unset', false],
      ['POOL_PASSWORD', 'unset', true],
      ['LOWEST', '1', false],
      ['GREATEST', '9', false],
      ['PLOT_FOLDER', 'unset', false],
      ['COLOUR', 'red', false],
      ['MINING_ENABLED', 'on', false],
    ]);
  });
});
