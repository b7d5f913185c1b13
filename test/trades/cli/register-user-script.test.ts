// What can be known of register-user.ps1 without PowerShell: its parameters, and that it calls the command line with
// options that there are, and with no secret.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCommand } from '../../support/command.ts';

const SCRIPT = readFileSync(fileURLToPath(new URL('../../../register-user.ps1', import.meta.url)), 'utf8');

it('register-user.ps1 - has the parameters that people call it with', () => {
  const declared = SCRIPT.slice(SCRIPT.indexOf('param('), SCRIPT.indexOf('$ErrorActionPreference'));
  const names = Array.from(declared.matchAll(/^ {4}\[(?:string|switch|int)\]\$(\w+)/gm), ([, name]) => name);
  expect(names).toEqual(
    expect.arrayContaining(
      'UserId ApiKey Secret Exchange AccountType Sandbox ServiceUrl Secure EnclaveUrl Ttl Label Password ExpectedPcr0 AllowUnattested'.split(
        ' ',
      ),
    ),
  );
});

it('register-user.ps1 - calls the command line with options that it has, and hands it secrets on standard input only', async () => {
  const { stdout } = await runCommand(['register-user', '--help']);
  const given = Array.from(SCRIPT.matchAll(/["'](--[a-z0-9-]+)(?:=\$(\w+))?["']/g));
  expect(given.length).toBeGreaterThan(12);
  for (const [, option = '', variable = ''] of given) {
    expect(stdout).toContain(`  ${option} `);
    expect(['ApiKey', 'Secret', 'Password']).not.toContain(variable);
  }
  expect(SCRIPT).toMatch(/ConvertTo-Json -InputObject \$secrets -Compress \| & \$node \$arguments/);
});
