// Helpers of the tests of the embedded broker: folders, free ports, the nats-server to use, and a look at which
// processes a folder has. Never ends a process by name.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import {
  type BrokerOptions,
  type BrokerParts,
  createEmbeddedBroker,
} from '../../src/io/embedded-broker/broker.ts';
import { newestBinary } from '../../src/io/embedded-broker/find-binary.ts';
import { probe } from '../../src/io/embedded-broker/probe.ts';
import { lockBrokerFolder } from '../../src/store/lock.ts';
import { freePort } from '../support/free-port.ts';
import { FEDERATION_RIGHTS } from '../../src/federation/broker/subjects.ts';

export const searchPath = process.env['PATH'] ?? '';
export const { path: binary } = await newestBinary({ override: process.env['NATS_SERVER_BIN'], searchPath });

/** Removed when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-broker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function freePorts<Count extends number>(count: Count): Promise<number[] & { length: Count }> {
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  return ports as number[] & { length: Count };
}

/** A listener that says nothing, closed when the test is over. */
export async function occupy(port: number): Promise<void> {
  const server = await listen(port);
  onTestFinished(() => void server.close());
}

function listen(port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Polls until the condition holds; the time limit of the test ends it otherwise. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(10);
}

/** Options for a broker of the test's own, in a folder of its own, that sees no other server of this machine. */
export async function brokerOptions(changes: Partial<BrokerOptions> = {}): Promise<BrokerOptions> {
  const [port, wsPort, foreignPort] = (await freePorts(3)) as [number, number, number];
  const dir = changes.dir ?? join(temporaryFolder(), 'broker');
  const rights = FEDERATION_RIGHTS;
  return {
    rights,
    dir,
    host: '127.0.0.1',
    port,
    wsPort,
    foreignPort,
    binary,
    searchPath,
    mode: 'auto',
    ...changes,
  };
}

/** A broker that is stopped when the test is over, and its reports. */
export async function testBroker(changes: Partial<BrokerOptions> = {}, parts: Partial<BrokerParts> = {}) {
  const options = await brokerOptions(changes);
  const told: string[] = [];
  const broker = createEmbeddedBroker(options, {
    lockFolder: lockBrokerFolder,
    log: (level, message) => void told.push(`${level}: ${message}`),
    onDown: () => void told.push('down'),
    onUp: () => void told.push('up'),
    ...parts,
  });
  onTestFinished(() => broker.stop());
  return { broker, options, told };
}

/** Ids of the processes whose command line names the folder. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLineOf(name).includes(`${folder}/`))
    .map(Number);
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** A foreign nats-server, ended when the test is over. */
export async function foreignServer(port: number, name: string): Promise<ChildProcess> {
  const child = spawn(binary, ['--addr', '127.0.0.1', '--port', String(port), '--name', name], {
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await until(async () => (await probe({ host: '127.0.0.1', port })).type === 'nats');
  return child;
}
