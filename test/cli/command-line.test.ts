import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/lib/command-line.ts';
import { runCommand } from '../support/command.ts';

async function listed(): Promise<readonly string[]> {
  const { stdout } = await runCommand(['--help']);
  return [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name ?? '');
}

describe('command line', () => {
  it('command line - options and operands', () => {
    const options = { json: { type: 'boolean' }, name: { type: 'string' } } as const;
    const { values, operands } = parseCommandLine(['--name', 'x', 'file', '--json'], options, ['FILE']);
    expect([values.json, values.name, operands]).toEqual([true, 'x', ['file']]);
  });

  it.each([
    [['--unknown'], [], /^Unknown option '--unknown'\. --help/],
    [['--name'], [], /^Option '--name <value>' argument missing\. --help/],
    [['a', 'b'], ['FILE'], /^Unexpected argument 'b'\. --help/],
    [[], ['FILE'], /^FILE is missing\. --help/],
  ])('command line - %j with operands %j is one sentence', (args, operands, sentence) => {
    const parse = () => parseCommandLine(args, { name: { type: 'string' } }, operands);
    expect(parse).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(sentence) }),
    );
  });

  it('command line - every command is listed, explains itself, and refuses what it does not know', async () => {
    const names = await listed();
    expect(names).toContain('serve');
    for (const name of names) {
      const help = await runCommand([name, '--help']);
      expect([name, help.code, help.stderr]).toEqual([name, 0, '']);
      expect(help.stdout).toContain('Exit code: 0 ');
      const refused = await runCommand([name, '--no-such-option']);
      expect([name, refused.code, refused.stdout]).toEqual([name, 2, '']);
      expect(refused.stderr).toMatch(/^.+--help lists the options\.( \[usage\])?\n$/);
    }
  });

  it('command line - no command', async () => {
    const { code, stderr } = await runCommand(['constructor']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^"constructor" is not a command\.\n\nUsage: /);
  });
});
