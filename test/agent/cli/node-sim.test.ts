// The command that writes a simulated node's files, as a person calls it.

import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../../support/command.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'agent-node-sim-command-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('node-sim', () => {
  it('node-sim - writes what it was asked for, ends by itself, and says how an agent reads it', async () => {
    const place = folder();
    const args = ['node-sim', place, '--tasks', '30', '--history', '30', '--faults', 'all'];
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const last = stdout.trimEnd().split('\n').slice(-2);
    expect(last[0]).toMatch(
      /^report it with: AGENT_EVENTS='\/.*\*-eventDB\.json' AGENT_LOGS='.*' \S+ agent$/,
    );
    expect(last[1]).toMatch(/^see what would be reported with: .* agent --dry-run --once$/);
    expect(globSync(join(place, 'build/datadb/0x*-eventDB.json'))).toHaveLength(1);
    expect(globSync(join(place, 'logs/@truebit/worker-runner-node-0x*/debug/*.log*')).length).toBeGreaterThan(
      1,
    );
  });

  it.each<[string, readonly string[], unknown, RegExp]>([
    ['no folder', ['node-sim'], 2, /^DIR is missing\. --help lists the options\./],
    [
      'a rate of zero',
      ['node-sim', '/tmp/x', '--rate', '0'],
      2,
      /^--rate 0: must be a number from 0\.1 to 6000\./,
    ],
    [
      'an unknown fault',
      ['node-sim', '/tmp/x', '--faults', 'rust'],
      2,
      /^--faults: none, all, or some of rotate,/,
    ],
    [
      'a folder that cannot be made',
      ['node-sim', '/proc/node', '--tasks', '1'],
      1,
      /^\/proc\/node cannot be written \(ENOENT\): name another folder\. \[folder_not_writable\]/,
    ],
  ])('node-sim - %s is one sentence', async (_name, args, code, sentence) => {
    const result = await runCommand(args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(sentence);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
