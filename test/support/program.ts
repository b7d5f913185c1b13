// Programs, brokers and connections of one test, which never outlive it, however it ends.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type ConnectionOptions, type NatsConnection } from 'nats';
import { onTestFinished } from 'vitest';
import { readPidFile } from '../../src/io/embedded-broker/system-process.ts';
import { processesOf } from '../io/broker-fixtures.ts';
import { type Aggregator, type LogLine, startAggregator } from './aggregator.ts';
import { COMPILED_CODE } from './compiled-code.ts';
import { type OwnFolder, ownFolder } from './embedded.ts';
import { type NatsCluster, type NatsClusterOptions, startNatsCluster } from './nats-cluster.ts';
import { type NatsServer, type NatsServerOptions, startNatsServer } from './nats-server.ts';
import { until } from './until.ts';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A folder and settings as `ownFolder` makes them; the folder is removed, with what may still run from it. */
export async function testFolder(name: string): Promise<OwnFolder> {
  const own = await ownFolder(name);
  onTestFinished(async () => {
    await until('the folder to be left', () => endThose(processesOf(own.folder)));
    rmSync(own.folder, { recursive: true, force: true });
  });
  return { ...own, env: { ...own.env, WORKERS: '1' } };
}

/** Kills processes; true if there were none. One that is killed writes on for a moment. */
function endThose(pids: readonly number[]): boolean {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process ended between the check and the kill.
    }
  }
  return pids.length === 0;
}

/** Settings of `own` with an external broker. */
export function at(url: string, own: OwnFolder, more: Readonly<Record<string, string>> = {}) {
  return { ...own.env, EMBEDDED_NATS: 'off', NATS_URL: url, ...more };
}

export function launch(env: Readonly<Record<string, string>>, main?: string): Aggregator {
  const program = startAggregator(env, main);
  onTestFinished(async () => {
    if (program.process.exitCode !== null || program.process.signalCode !== null) return;
    program.process.kill('SIGKILL');
    await program.exit;
  });
  return program;
}

export async function launchBroker(options: NatsServerOptions): Promise<NatsServer> {
  const server = await startNatsServer(options);
  onTestFinished(() => server.stop());
  return server;
}

/** One or three brokers of a cluster. */
export async function launchNatsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const cluster = await startNatsCluster(options);
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  return cluster;
}

export async function connectTo(url: string, more: ConnectionOptions = {}): Promise<NatsConnection> {
  const connection = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    ...more,
  });
  onTestFinished(() => connection.close());
  return connection;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** All messages to a person: standard error, and warnings and errors in the log. */
  readonly told: readonly string[];
}

/** Runs the program until it ends by itself; the test's time limit ends it otherwise. */
export function runToEnd(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Ended> {
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH, HOME, NATS_SERVER_BIN, ...COMPILED_CODE, HTTP_PORT: '0', LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void (child.exitCode === null && child.kill('SIGKILL')));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      const logged = lines
        .map((line) => JSON.parse(line) as LogLine)
        .filter(({ level }) => level === 'warn' || level === 'error')
        .map(({ msg }) => msg);
      resolve({ code, stdout, stderr, told: [...(stderr === '' ? [] : [stderr.trimEnd()]), ...logged] });
    });
  });
}

/** The process of the embedded broker by its pid file, if any. */
export function brokerPid({ databasePath }: OwnFolder): number | null {
  return readPidFile(join(databasePath.replace(/\.db$/, '-nats'), 'nats-server.pid'));
}

/** Processes that run from the folder of the database: the embedded broker, if any. */
export function childrenBeside(databasePath: string): number[] {
  return processesOf(dirname(databasePath));
}
