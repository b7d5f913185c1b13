// deploy/alertmanager.yml, the sample of what happens to the alerts: it starts as it stands, and each of its forms does too
// once it is filled in. amtool judges it where it can be had.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';

const FILE = fileURLToPath(new URL('../../deploy/alertmanager.yml', import.meta.url));
const TEXT = readFileSync(FILE, 'utf8');
/** Empty where it cannot be had. */
const AMTOOL_BIN = process.env['AMTOOL_BIN'] ?? '';

interface Configuration {
  readonly route: { readonly receiver: string; readonly routes: readonly { readonly receiver: string }[] };
  readonly receivers: readonly Readonly<Record<string, unknown>>[];
}

/** The file with all forms of the receiver, as if their comment signs were taken out. */
function filledIn(): string {
  const form = /^ {4}# ( *(?:- )?[a-z_]+:.*)$/gm;
  return TEXT.replace(form, '    $1');
}

function amtool(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(AMTOOL_BIN, args, { encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}

/** Writes a configuration into a folder that ends with the test. */
function written(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'alertmanager.yml');
  writeFileSync(path, text);
  return path;
}

describe('alertmanager', () => {
  it('alertmanager - the sample sends nothing, and every route leads to it', () => {
    const { route, receivers } = parse(TEXT) as Configuration;
    expect(receivers).toEqual([{ name: 'sample' }]);
    expect([route, ...route.routes].map(({ receiver }) => receiver)).toEqual(['sample', 'sample']);
  });

  it('alertmanager - the forms in the comments are a webhook, a chat and mail, and hold no secret', () => {
    const { receivers } = parse(filledIn()) as Configuration;
    expect(Object.keys(receivers[0] ?? {})).toEqual([
      'name',
      'webhook_configs',
      'slack_configs',
      'email_configs',
    ]);
    expect(JSON.stringify(receivers)).not.toMatch(/"(auth_password|api_url)":/);
  });

  it.runIf(AMTOOL_BIN !== '')('alertmanager - amtool accepts the file as it stands and filled in', () => {
    expect(amtool('check-config', FILE)).toMatchObject({ code: 0 });
    expect(amtool('check-config', written(filledIn()))).toMatchObject({ code: 0 });
    expect(amtool('check-config', written(TEXT.replace('group_wait', 'group_weight'))).code).not.toBe(0);
  });
});
