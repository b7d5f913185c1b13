import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asksForHelp, flag, option, parseCommandLine } from '../../src/cli/command-line.ts';
import { openFederationWriter } from '../../src/federation/store/federation-database.ts';
import { runCommand } from '../support/command.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'command-line-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function listed(): Promise<readonly string[]> {
  const { stdout } = await runCommand(['--help']);
  return [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name ?? '');
}

describe('command line', () => {
  it('command line - options and operands are parsed', () => {
    const options = { json: flag('JSON'), name: option('NAME', 'a name') };
    const { values, operands } = parseCommandLine(['--name', 'x', 'file', '--json'], options, ['FILE']);
    expect([values.json, values.name, operands]).toEqual([true, 'x', ['file']]);
  });

  it.each([
    [[], ['ID…'], []],
    [['1', '2', '3'], ['ID…'], ['1', '2', '3']],
    [['file'], ['FILE', 'ID…'], ['file']],
    [
      ['file', '1', '--', '--all'],
      ['FILE', 'ID…'],
      ['file', '1', '--all'],
    ],
  ])('command line - of %j a last operand may come any number of times', (args, names, operands) => {
    expect(parseCommandLine(args, { all: flag('all') }, names).operands).toEqual(operands);
  });

  it.each([
    [['--unknown'], [], /^Unknown option '--unknown'\. --help/],
    [['-x1'], ['NODE_ID'], /^Unknown option '-x'; put -- before an argument that begins with -\. --help/],
    [['--name'], [], /^Option '--name <value>' argument missing\. --help/],
    [['--name', '-x'], [], /^--name is followed by another option; .* written --name=VALUE\. --help/],
    [['--name', 'x', '--name', 'y'], [], /^--name is given twice: give it once\. --help/],
    [['--name=x', '--name=x'], [], /^--name is given twice: give it once\. --help/],
    [[''], ['FILE'], /^FILE is empty\. --help/],
    [['--', 'a', '--name'], ['FILE'], /^Unexpected argument '--name'\. --help/],
    [['a\n\u001b[2J'], [], /^Unexpected argument 'a\?\?\[2J'\. --help/],
    [['a', 'b'], ['FILE'], /^Unexpected argument 'b'\. --help/],
    [[], ['FILE'], /^FILE is missing\. --help/],
    [[], ['FILE', 'ID…'], /^FILE is missing\. --help/],
    [['1', '2', ' '], ['ID…'], /^ID… is empty\. --help/],
  ])('command line - %j with operands %j is refused in one sentence', (args, operands, sentence) => {
    const parse = () => parseCommandLine(args, { name: option('NAME', 'a name') }, operands);
    expect(parse).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(sentence) }),
    );
  });

  it.each([
    [['--', '--help'], ['--help']],
    [['--name=-x', '--', '-a'], ['-a']],
    [
      ['--', '--', 'a'],
      ['--', 'a'],
    ],
  ])('command line - -- ends the options of %j', (args, operands) => {
    const options = { name: option('NAME', 'a name') };
    expect(parseCommandLine(args, options, operands).operands).toEqual(operands);
    expect(asksForHelp(args)).toBe(false);
  });

  it.each([[['--help']], [['a', '-h']], [['--json', '--help', '--']]])(
    'command line - %j asks for help',
    (args) => {
      expect(asksForHelp(args)).toBe(true);
    },
  );

  it('command line - a node id may be --help or begin with -', async () => {
    const env = { DB_PATH: join(makeFolder(), 'aggregator.db') };
    openFederationWriter(env.DB_PATH).close();
    const made = await runCommand(['keys', 'create', '--name=-n', '--node=-xyz'], env);
    expect([made.code, made.stderr]).toEqual([0, '']);
    for (const id of ['--help', '-xyz', '----']) {
      const blocked = await runCommand(['nodes', 'block', '--json', '--', id], env);
      expect([blocked.code, blocked.stderr, blocked.stdout.includes(`"${id}"`)]).toEqual([0, '', true]);
    }
    const { stdout } = await runCommand(['nodes', '--', 'blocked'], env);
    expect(stdout.match(/^\S+(?= {2}blocked)/gm)?.toSorted()).toEqual(['----', '--help', '-xyz']);
  });

  it('command line - every command takes everything after -- as an argument, also --help', async () => {
    const folder = makeFolder();
    const env = { DB_PATH: join(folder, 'aggregator.db') };
    // It takes it for a folder, and writes there.
    const written = await runCommand(['node-sim', '--tasks=1', '--history=0', '--', '--help'], {
      AGGREGATOR_CALLED_FROM: folder,
    });
    expect([written.code, readdirSync(folder)]).toEqual([0, ['--help']]);
    for (const name of await listed()) {
      if (name === 'node-sim') continue;
      const { code, stdout, stderr } = await runCommand([name, '--', '--help'], env);
      // These commands take it for a file name, and there is no such file.
      const takesFile = ['backup', 'restore', 'verify'].includes(name);
      expect([name, code, stdout]).toEqual([name, takesFile ? 1 : 2, '']);
      expect(stderr, name).toMatch(takesFile ? /^[^\n]+\n$/ : /^.*'--help'.+\n$/);
    }
  });

  it('command line - every command is listed, has a help text, and refuses unknown options', async () => {
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

  it.each([
    [['keys'], /^One of these words is missing: create, list, revoke\. --help/],
    [
      ['nodes', '--json', 'list'],
      /^'--json' is not one of: list, show, forget, block, unblock, blocked\. --help/,
    ],
    [['help', 'nope'], /^'nope' is not one of: serve, [a-z, -]+\. --help lists the options\. \[usage\]\n$/],
    [['a\n\u001b[2J'], /^'a\?\?\[2J' is not one of: /],
  ])('command line - %j lists the commands', async (args, sentence) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
  });

  it('command line - help NAME shows the text of NAME --help', async () => {
    expect(await runCommand(['help', 'nodes'])).toEqual(await runCommand(['nodes', '--help']));
  });

  it('command line - an unknown command, also the name of an object member, is refused with the list of commands', async () => {
    const { code, stderr } = await runCommand(['constructor']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^'constructor' is not one of: /);
  });
});
