// A real nginx, as scripts/test-tools.sh found or fetched it, with the shipped configuration deploy/proxy/nginx.conf. Only
// what belongs to one machine is replaced in that file: ports, certificates, the path of a password file.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

/** Empty where nginx cannot be had. */
export const NGINX_BIN = process.env['NGINX_BIN'] ?? '';

const SHIPPED = fileURLToPath(new URL('../../deploy/proxy/nginx.conf', import.meta.url));

/** Text of the shipped file, and what stands there in the test; each must occur. */
export type Replacements = readonly (readonly [shipped: string, ours: string])[];

/** Starts nginx in the folder; resolves when it listens at the port. It ends with the test. */
export async function startNginx(folder: string, port: number, replacements: Replacements): Promise<void> {
  let text = readFileSync(SHIPPED, 'utf8');
  for (const [shipped, ours] of replacements) {
    if (!text.includes(shipped)) throw new Error(`deploy/proxy/nginx.conf has no ${shipped}`);
    text = text.replaceAll(shipped, ours);
  }
  const prefix = join(folder, 'nginx');
  mkdirSync(prefix);
  writeFileSync(join(prefix, 'aggregator.conf'), text);
  writeFileSync(join(prefix, 'nginx.conf'), MACHINE);
  const child = spawn(NGINX_BIN, ['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exit;
  });
  await until('nginx to listen', () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`);
    return listensAt(port);
  });
}

/** What /etc/nginx/nginx.conf is on a machine, for one process without a user of its own and with files in its folder. */
const MACHINE = `daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include aggregator.conf;
}
`;

function listensAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
