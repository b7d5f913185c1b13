// `cluster up` as a person runs it: its output, what runs, and its end. Everything that it started ends with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningCluster } from '../../src/federation/cli/cluster-files.ts';
import { MAIN } from './program.ts';
import { until } from './until.ts';

export interface LocalCluster {
  readonly folder: string;
  readonly process: ChildProcess;
  /** Resolves with the exit code, or null after a signal. */
  readonly exit: Promise<number | null>;
  /** All that it has printed. */
  said(): string;
  running(): RunningCluster;
  /** Resolves when all is ready. */
  ready(): Promise<void>;
}

/** The newest nats-server of this machine, accepted whatever its version. */
export const NEWEST_BROKER: Readonly<Record<string, string>> = {
  NATS_SERVER_BIN:
    [process.env['NATS_SERVER_CURRENT_BIN'], process.env['NATS_SERVER_BIN']].find(Boolean) ?? '',
  CLUSTER_UNSAFE_BROKER: 'on',
};

/** One worker and a tick a second, and no limits. */
const OPEN = {
  WORKERS: '1',
  PUBLISH_INTERVAL: '1000',
  RATE_LIMIT_PER_MINUTE: '0',
  NEW_NODES_PER_MINUTE: '0',
};

/** Starts `cluster up` in this folder of the test, which removes what runs from it. */
export function startLocalCluster(
  folder: string,
  env: Readonly<Record<string, string>> = NEWEST_BROKER,
): LocalCluster {
  const child = spawn(process.execPath, [MAIN, 'cluster', 'up', '--dir', folder], {
    env: { PATH: process.env['PATH'] ?? '', ...OPEN, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    folder,
    process: child,
    exit,
    said: () => text,
    running: () => JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8')) as RunningCluster,
    ready: async () => {
      await until('the cluster', () => {
        if (child.exitCode !== null) throw new Error(`cluster up ended: ${text.slice(-2_000)}`);
        return text.includes('cluster: ready');
      });
    },
  };
}
