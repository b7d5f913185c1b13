// Runs the image of the federation against a broker outside it and checks what an operator relies on. Started by
// scripts/container-test.sh; prints one line per check and the sum. Never leaves a process behind.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { freePort } from '../support/free-port.ts';
import { Checks, isReady, NODE_USER_ID, runHealthCheck, servesDashboard } from './checks.ts';
import { openImage, required } from './image.ts';

const tasks = 5;
const work = required('WORK');
const volume = join(work, 'volume');
const [natsPort, httpPort] = [await freePort(), await freePort()];
const address = `http://127.0.0.1:${httpPort}`;
mkdirSync(volume);
chownSync(volume, NODE_USER_ID, NODE_USER_ID);

const broker = spawn(
  required('NATS_SERVER_BIN'),
  ['--addr', '127.0.0.1', '--port', String(natsPort), '--jetstream', '--store_dir', join(work, 'jetstream')],
  { stdio: 'ignore' },
);
process.on('exit', () => void broker.kill('SIGKILL'));
const image = openImage({
  image: required('IMAGE'),
  volume,
  environment: {
    NATS_URL: `nats://127.0.0.1:${natsPort}`,
    HTTP_PORT: String(httpPort),
    PUBLISH_INTERVAL: '500',
  },
});
const checks = new Checks('container');

async function publish(): Promise<void> {
  const connection = await connect({ servers: `nats://127.0.0.1:${natsPort}`, waitOnFirstConnect: true });
  const send = (subject: string, type: string, data: object): void =>
    connection.publish(
      subject,
      JSON.stringify({
        version: '1.0',
        type,
        nodeId: 'node-container-test',
        timestamp: '2026-01-15T10:30:00.000Z',
        data,
      }),
    );
  send('truebit.heartbeat', 'heartbeat', { status: 'online', activeTasksBucket: '1', continentBucket: 'EU' });
  for (let index = 0; index < tasks; index += 1) {
    const taskIdHash = createHash('sha256').update(`task ${index}`).digest('hex');
    send('truebit.tasks.received', 'task_received', { chainId: '1', taskType: 'wasm', taskIdHash });
    send('truebit.tasks.completed', 'task_completed', {
      chainId: '1',
      taskIdHash,
      success: true,
      cached: false,
    });
  }
  await connection.flush();
  await connection.close();
}

interface Statistics {
  readonly totalTasks: number;
  readonly completedTasks: number;
  readonly totalNodes: number;
}

async function statistics(): Promise<Statistics> {
  return (await (await fetch(`${address}/api/federation/network-stats`)).json()) as Statistics;
}

async function showsTotals(): Promise<boolean> {
  const { totalTasks, completedTasks, totalNodes } = await statistics();
  return totalTasks === tasks && completedTasks === tasks && totalNodes === 1;
}

function checkImage(): void {
  checks.image(image, {
    health: 'node dist/main.js status --live',
    command: 'node --max-semi-space-size=8 dist/main.js',
  });
  checks.check('it exposes 8080', '8080/tcp' in image.config.ExposedPorts);
  for (const line of ['HTTP_HOST=0.0.0.0', 'EMBEDDED_NATS=off']) {
    checks.check(`it sets ${line}`, image.config.Env.includes(line));
  }
  const labels = ['title', 'description', 'licenses', 'source', 'documentation', 'base.name'];
  const missing = labels.filter((name) => !image.config.Labels[`org.opencontainers.image.${name}`]);
  checks.check('it says what it is and where it comes from', missing.length === 0, () => missing.join(' '));
}

/** A port where nothing listens stands for a proxy that does not know the program. */
const proxies = {
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: 'http://127.0.0.1:9',
  http_proxy: 'http://127.0.0.1:9',
  NO_PROXY: 'elsewhere.example',
};

/** The health check reads settings as the program does: each of these starts the same service. */
function checkHealthSettings(): void {
  const writings: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a port with spaces', { HTTP_PORT: ` ${httpPort} ` }],
    ['HTTP_HOST=::', { HTTP_HOST: '::' }],
    ['proxies in the environment', proxies],
    ['a broker that is switched off in capitals', { EMBEDDED_NATS: 'OFF' }],
  ];
  for (const [what, more] of writings)
    checks.check(`the health check passes with ${what}`, runHealthCheck(image, more) === 0);
  checks.check(
    'the health check fails with a setting that is wrong',
    runHealthCheck(image, { HTTP_PORT: '"80"' }) === 1,
  );
}

async function checkLoopback6(): Promise<void> {
  const more = { ...proxies, HTTP_HOST: ' ::1', HTTP_PORT: `${httpPort} `, EMBEDDED_NATS: ' OFF' };
  const service = checks.start(image, more);
  await checks.until(
    'on ::1, with proxies and spaces, the health check passes',
    () => runHealthCheck(image, more) === 0,
  );
  await checks.stop(service, 'run on ::1');
}

async function checkService(): Promise<void> {
  const first = checks.start(image);
  await checks.until('it becomes ready with a broker outside it', () => isReady(address));
  checks.user(first);
  await publish();
  await checks.until('it takes messages from the broker and publishes their totals', showsTotals);
  checks.check('the health check passes inside it', runHealthCheck(image) === 0);
  checkHealthSettings();
  await checks.until('it serves the dashboard, its scripts and the chart library', () =>
    servesDashboard(address),
  );
  await checks.stop(first, 'first run');
  const database = statSync(join(volume, 'aggregator.db'), { throwIfNoEntry: false });
  checks.check('the database is in the volume, and belongs to the user', database?.uid === NODE_USER_ID, () =>
    readdirSync(volume).join(' '),
  );

  image.replaceContainer();
  const second = checks.start(image);
  await checks.until('a new container becomes ready with the same volume', () => isReady(address));
  await checks.until('the totals are those of before', showsTotals);
  await publish();
  await checks.until('what is sent again is counted as duplicate', async () =>
    /outcome="duplicate"\} [1-9]/.test(await (await fetch(`${address}/metrics`)).text()),
  );
  checks.check('the totals did not move', await showsTotals());
  await checks.stop(second, 'second run');
}

checkImage();
await checkService();
await checkLoopback6();
await checks.end();
