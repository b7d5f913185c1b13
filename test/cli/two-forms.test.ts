import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/cli/command.ts';
import { flag, option } from '../../src/cli/command-line.ts';
import { twoForms } from '../../src/cli/two-forms.ts';
import { takesNothing } from '../support/command.ts';

/** The exit code tells which form was called. */
function formOf(args: readonly string[]): Promise<number> {
  const answering = (code: number): Command => ({
    shape: takesNothing,
    run: () => Promise.resolve(code),
  });
  const command = twoForms({
    options: { keys: option('WHERE', 'of the keys'), json: flag('JSON') },
    withOperand: () => Promise.resolve(answering(1)),
    without: () => Promise.resolve(answering(0)),
  });
  return command.run({ name: 'x', args, env: {} });
}

describe('two forms', () => {
  it.each([
    [[], 0],
    [['--json'], 0],
    [['--keys', 'a'], 0],
    [['--keys=a', '--json'], 0],
    [['--unknown'], 0],
    [['--'], 0],
    [['a'], 1],
    [['--json', 'a'], 1],
    [['--keys', 'a', 'b'], 1],
    [['a', '--keys', 'b'], 1],
    [['--', '--json'], 1],
    [['--keys'], 0],
  ])('two forms - %j', async (args, form) => {
    expect(await formOf(args)).toBe(form);
  });
});
