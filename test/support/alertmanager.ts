// A real Alertmanager, as scripts/test-tools.sh found or fetched it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';
import { CAN_MOUNT } from './mounts.ts';
import { until } from './until.ts';

/** Empty where Alertmanager cannot be had. */
const ALERTMANAGER_BIN = process.env['ALERTMANAGER_BIN'] ?? '';

/** True where {@link startAlertmanager} can work. */
export const HAS_ALERTMANAGER = ALERTMANAGER_BIN !== '' && CAN_MOUNT;

/** Debian's reads templates at a fixed place, also where none is used: in its own namespace they are empty files. */
const TEMPLATES = `mount -t tmpfs tmpfs /usr/share && cd /usr/share && mkdir -p prometheus/alertmanager &&
  : > prometheus/alertmanager/default.tmpl && : > prometheus/alertmanager/email.tmpl && exec "$0" "$@"`;

/** Starts it with a configuration, and resolves with its address when it is ready. It ends with the test. */
export async function startAlertmanager(configuration: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
  const port = await freePort();
  writeFileSync(join(folder, 'alertmanager.yml'), configuration);
  const child = spawn(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      TEMPLATES,
      ALERTMANAGER_BIN,
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until('Alertmanager to be ready', async () => {
    if (child.exitCode !== null) throw new Error('Alertmanager ended');
    return fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return url;
}
