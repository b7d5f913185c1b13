// Runs the image against a broker outside it and checks what an operator relies on. Started by
// scripts/container-test.sh; prints one line per check and the sum. Never leaves a process behind.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'nats';
import { openImage, required, type Service } from './image.ts';

const readyPatienceMs = 60_000;
const stopPatienceMs = 5_000;
const nodeUserId = 1000;
const tasks = 5;
const forbiddenPrograms = 'gcc cc g++ c++ make python python3 npm npx yarn corepack tsc git curl wget'.split(
  ' ',
);

let passed = 0;
let failed = 0;

function check(what: string, holds: boolean, detail: () => string = () => ''): void {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? 'ok' : 'FAILED'} - container - ${what}${holds ? '' : `: ${detail()}`}`);
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + readyPatienceMs;
  let isHolding = false;
  while (!isHolding && performance.now() < endMs) {
    isHolding = await Promise.resolve(holds()).catch(() => false);
    if (!isHolding) await wait(100);
  }
  check(what, isHolding, () => `not within ${readyPatienceMs} ms`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const work = required('WORK');
const volume = join(work, 'volume');
const [natsPort, httpPort] = [await freePort(), await freePort()];
const address = `http://127.0.0.1:${httpPort}`;
mkdirSync(volume);
chownSync(volume, nodeUserId, nodeUserId);

const broker = spawn(
  required('NATS_SERVER_BIN'),
  ['--addr', '127.0.0.1', '--port', String(natsPort), '--jetstream', '--store_dir', join(work, 'jetstream')],
  { stdio: 'ignore' },
);
const image = openImage({
  image: required('IMAGE'),
  volume,
  environment: {
    NATS_URL: `nats://127.0.0.1:${natsPort}`,
    HTTP_PORT: String(httpPort),
    PUBLISH_INTERVAL: '500',
  },
});
const { config } = image;
const services: Service[] = [];
process.on('exit', () => {
  broker.kill('SIGKILL');
  for (const pid of services.map((service) => service.pid())) if (pid !== null) process.kill(pid, 'SIGKILL');
});

function startService(more: Readonly<Record<string, string>> = {}): Service {
  const service = image.start(config.Cmd, more);
  services.push(service);
  return service;
}

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

async function isReady(): Promise<boolean> {
  return (await fetch(`${address}/readyz`)).status === 200;
}

/** The page, and everything that it loads from the image. */
async function servesDashboard(): Promise<boolean> {
  const page = await (await fetch(address)).text();
  const links = [...page.matchAll(/(?:src|href)="((?:\.?\/)?assets\/[^"]+)"/g)].map(([, path = '']) => path);
  const answers = await Promise.all(links.map((path) => fetch(new URL(path, address))));
  return links.length >= 4 && answers.every(({ status }) => status === 200);
}

function runHealthCheck(more: Readonly<Record<string, string>> = {}): number | null {
  const [kind, ...command] = config.Healthcheck.Test;
  return kind === 'CMD' ? image.runWith(more, ...command).code : null;
}

async function stop(service: Service, how: string): Promise<void> {
  const pid = service.pid();
  const sentAtMs = performance.now();
  if (pid !== null) process.kill(pid, 'SIGTERM');
  const outcome = await Promise.race([service.ended, wait(stopPatienceMs, null)]);
  const tookMs = Math.round(performance.now() - sentAtMs);
  check(`${how}: SIGTERM ends it with exit code 0 within 5 s (${tookMs} ms)`, outcome?.code === 0, () =>
    JSON.stringify(outcome),
  );
  if (outcome === null && pid !== null) process.kill(pid, 'SIGKILL');
}

function checkImage(): void {
  check('the user is named and is not root', !['', '0', 'root'].includes(config.User), () => config.User);
  check('it has the volume /data', '/data' in config.Volumes);
  check('it exposes 8080', '8080/tcp' in config.ExposedPorts);
  check('it stops by SIGTERM', config.StopSignal === 'SIGTERM', () => config.StopSignal);
  const health = config.Healthcheck.Test.join(' ');
  check(
    'its health check is the status command',
    health === 'CMD node dist/main.js status --live',
    () => health,
  );
  check(
    'its command is a list',
    config.Cmd.join(' ') === 'node --max-semi-space-size=8 dist/main.js serve',
    () => config.Cmd.join(' '),
  );
  for (const line of ['DB_PATH=/data/aggregator.db', 'HTTP_HOST=0.0.0.0', 'EMBEDDED_NATS=off']) {
    check(`it sets ${line}`, config.Env.includes(line));
  }
  check('commands run as uid 1000', image.run('id', '-u').output.trim() === String(nodeUserId));
  const found = image.run(
    'sh',
    '-c',
    `for p in ${forbiddenPrograms.join(' ')}; do command -v $p; done; true`,
  );
  check('no toolchain and no package manager is in it', found.output.trim() === '', () => found.output);
  const packages = image.run('ls', 'node_modules', 'node_modules/.bin').output.split(/\s+/);
  const development = packages.filter((name) =>
    ['typescript', 'vitest', 'oxlint', 'node', 'tsc'].includes(name),
  );
  check('no development package is in it', development.length === 0, () => development.join(' '));
  check('the program cannot change itself', image.run('touch', 'dist/main.js').code !== 0);
  const help = image.run('aggregator', '--help');
  check('its command is aggregator', help.output.startsWith('Usage: aggregator '), () => help.output);
  check('the health check fails while nothing runs', runHealthCheck() === 1);
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
    check(`the health check passes with ${what}`, runHealthCheck(more) === 0);
  check('the health check fails with a setting that is wrong', runHealthCheck({ HTTP_PORT: '"80"' }) === 1);
}

async function checkLoopback6(): Promise<void> {
  const more = { ...proxies, HTTP_HOST: ' ::1', HTTP_PORT: `${httpPort} `, EMBEDDED_NATS: ' OFF' };
  const service = startService(more);
  await until('on ::1, with proxies and spaces, the health check passes', () => runHealthCheck(more) === 0);
  await stop(service, 'run on ::1');
  if (failed > 0) console.log((await service.ended).output.slice(-4_000));
}

async function checkService(): Promise<void> {
  const first = startService();
  await until('it becomes ready with a broker outside it', isReady);
  const pid = first.pid();
  check(
    'the service is not root',
    pid !== null && /^Uid:\t1000\t1000\t/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
  );
  await publish();
  await until('it takes messages from the broker and publishes their totals', showsTotals);
  check('the health check passes inside it', runHealthCheck() === 0);
  checkHealthSettings();
  await until('it serves the dashboard, its scripts and the chart library', servesDashboard);
  await stop(first, 'first run');
  const database = statSync(join(volume, 'aggregator.db'), { throwIfNoEntry: false });
  check('the database is in the volume, and belongs to the user', database?.uid === nodeUserId, () =>
    readdirSync(volume).join(' '),
  );

  image.replaceContainer();
  const second = startService();
  await until('a new container becomes ready with the same volume', isReady);
  await until('the totals are those of before', showsTotals);
  await publish();
  await until('what is sent again is counted as duplicate', async () =>
    /outcome="duplicate"\} [1-9]/.test(await (await fetch(`${address}/metrics`)).text()),
  );
  check('the totals did not move', await showsTotals());
  await stop(second, 'second run');
  for (const service of [first, second])
    if (failed > 0) console.log((await service.ended).output.slice(-4_000));
}

checkImage();
await checkService();
await checkLoopback6();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
