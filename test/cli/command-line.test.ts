import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/lib/command-line.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What the command line prints, and its exit code; for commands that end by themselves. */
function aggregator(...args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: {} }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

async function listed(): Promise<readonly string[]> {
  const { stdout } = await aggregator('--help');
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
      const help = await aggregator(name, '--help');
      expect([name, help.code, help.stderr]).toEqual([name, 0, '']);
      expect(help.stdout).toContain('Exit code: 0 ');
      const refused = await aggregator(name, '--no-such-option');
      expect([name, refused.code, refused.stdout]).toEqual([name, 2, '']);
      expect(refused.stderr).toMatch(/^.+--help lists the options\.( \[usage\])?\n$/);
    }
  });

  it('command line - no command', async () => {
    const { code, stderr } = await aggregator('constructor');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^"constructor" is not a command\.\n\nUsage: /);
  });
});
