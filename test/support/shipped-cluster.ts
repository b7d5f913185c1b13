// The three brokers of deploy/nats/cluster on one machine, as an operator would set them up: nothing is changed but ports,
// folders, and the line that the nats-server of Debian 12 does not know.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';
import { PASSWORDS } from './shipped-broker.ts';

const SHIPPED_FOLDER = new URL('../../deploy/nats/cluster/', import.meta.url);
const BROKERS = [1, 2, 3] as const;

/** Every nats-server of this machine by its version, oldest first. */
export const BINARIES: ReadonlyMap<string, string> = new Map(
  ['NATS_SERVER_BIN', 'NATS_SERVER_2_12_BIN', 'NATS_SERVER_CURRENT_BIN']
    .map((name) => process.env[name] ?? '')
    .filter((path) => path !== '')
    .map((path) => [/v(\d\S+)/.exec(execFileSync(path, ['-v'], { encoding: 'utf8' }))?.[1] ?? '', path]),
);

/** One broker of the three. */
export interface ShippedMember {
  readonly url: string;
  readonly wsPort: number;
  readonly leafPort: number;
}

/** The three, in order, and the variables that they were given. */
export interface ShippedCluster {
  readonly members: readonly ShippedMember[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts the three and ends them with the test. They may not have found each other yet. `withLeaves`: as
 * `sed 's/^#leaf//'` makes the files. Every file is checked with `-t` first.
 */
export async function startShippedCluster(
  folder: string,
  binary: string,
  { withLeaves = false } = {},
): Promise<ShippedCluster> {
  const ports = await Promise.all(
    BROKERS.map(async () => ({
      client: await freePort(),
      http: await freePort(),
      route: await freePort(),
      webSocket: await freePort(),
      leaf: await freePort(),
    })),
  );
  const environment = { ...PASSWORDS, NATS_ROUTE_PASSWORD: 'routeSecret', ...routes(ports) };
  for (const [index, port] of ports.entries()) {
    const own = join(folder, `broker-${index + 1}`);
    mkdirSync(own, { recursive: true });
    for (const name of readdirSync(SHIPPED_FOLDER)) {
      const text = readFileSync(new URL(name, SHIPPED_FOLDER), 'utf8')
        .replace('port: 4222', `port: ${port.client}`)
        .replace('port: 6222', `port: ${port.route}`)
        .replace('port: 9086', `port: ${port.webSocket}`)
        .replace('port: 7422', `port: ${port.leaf}`)
        .replace('127.0.0.1:8222', `127.0.0.1:${port.http}`)
        .replace(/^ *sync_interval.*$/m, binary === process.env['NATS_SERVER_BIN'] ? '' : '$&')
        .replace(/^#leaf/gm, withLeaves ? '' : '$&');
      writeFileSync(join(own, name), text);
    }
    const env = {
      ...environment,
      NATS_STORE_DIR: join(own, 'jetstream'),
      NATS_ADVERTISE: `127.0.0.1:${port.client}`,
      NATS_WS_ADVERTISE: `127.0.0.1:${port.webSocket}`,
    };
    const file = join(own, `broker-${index + 1}.conf`);
    execFileSync(binary, ['-c', file, '-t'], { env, stdio: 'pipe' });
    const child = spawn(binary, ['-c', file], { env, stdio: 'ignore' });
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await gone;
    });
  }
  return {
    members: ports.map(({ client, webSocket, leaf }) => ({
      url: `nats://127.0.0.1:${client}`,
      wsPort: webSocket,
      leafPort: leaf,
    })),
    environment,
  };
}

function routes(ports: readonly { readonly route: number }[]): Record<string, string> {
  return Object.fromEntries(
    ports.map(({ route }, index) => [
      `NATS_ROUTE_${index + 1}`,
      `nats-route://route:routeSecret@127.0.0.1:${route}`,
    ]),
  );
}
