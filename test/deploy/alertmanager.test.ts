// deploy/alertmanager.yml, the sample of what happens to the alerts: it starts as it stands, and each of its forms does too
// once it is filled in. amtool judges it where it can be had.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { HAS_ALERTMANAGER, startAlertmanager } from '../support/alertmanager.ts';
import { until } from '../support/until.ts';

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

  it.runIf(HAS_ALERTMANAGER)(
    'alertmanager - a real one starts with the file; a program that is down keeps its lesser alerts quiet',
    async () => {
      const url = await startAlertmanager(TEXT);
      const alert = (alertname: string, severity: string, instance: string) => ({
        labels: { alertname, severity, instance, job: 'truebit-aggregator' },
        annotations: { summary: alertname },
      });
      const posted = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([
          alert('TruebitAggregatorDown', 'critical', 'a'),
          alert('TruebitAggregatorLag', 'warning', 'a'),
          alert('TruebitAggregatorLag', 'warning', 'b'),
          alert('TruebitAggregatorBrokerDown', 'critical', 'a'),
        ]),
      });
      expect(posted.status).toBe(200);
      const quiet = await until('the alerts are judged', async () => {
        const response = await fetch(`${url}/api/v2/alerts`);
        const alerts = (await response.json()) as readonly {
          readonly labels: { readonly alertname: string; readonly instance: string };
          readonly status: { readonly state: string };
        }[];
        const states = alerts.map(
          ({ labels, status }) => `${labels.instance} ${labels.alertname} ${status.state}`,
        );
        return states.length === 4 && !states.some((state) => state.endsWith('unprocessed')) ? states : null;
      });
      expect(quiet.toSorted()).toEqual([
        'a TruebitAggregatorBrokerDown active',
        'a TruebitAggregatorDown active',
        'a TruebitAggregatorLag suppressed',
        'b TruebitAggregatorLag active',
      ]);
    },
  );
});
