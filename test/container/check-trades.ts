// Runs the image of the trades service, and the image without a target with the settings of trades, against a backend
// outside it, and checks what an operator relies on. Started by scripts/container-test.sh; prints one line per check and
// the sum. Never leaves a process behind. A command in the container stops this process, and so the backend, for a
// moment: what needs the backend is waited for.

import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { isSigned, sendTrades } from '../support/job-client.ts';
import { Checks, isReady, NODE_USER_ID, runHealthCheck, servesDashboard } from './checks.ts';
import { openImage, required } from './image.ts';

const KEY_IN_IMAGE = '/app/ed25519_private.key';
const work = required('WORK');
const checks = new Checks('trades container');
const [apiPort, wsPort] = [await freePort(), await freePort()];
const api = `http://127.0.0.1:${apiPort}`;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keyFile = join(work, 'ed25519_private.key');
writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
// As Docker Desktop shows a file that it mounts.
chmodSync(keyFile, 0o777);
chownSync(keyFile, NODE_USER_ID, NODE_USER_ID);

/** The bodies that came, with their idempotency keys. */
const received: { readonly body: string; readonly key: string }[] = [];
const backend = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const key = String(request.headers['idempotency-key']);
    received.push({ body: Buffer.concat(chunks).toString('utf8'), key });
    response.end(JSON.stringify({ ok: true, digest: key }));
  });
});
const backendPort = await freePort();
await new Promise<void>((resolve) => backend.listen(backendPort, '127.0.0.1', resolve));

/** The variable CONTAINER_TEST tells the processes of this test from those of another one; the program does not know it. */
function open(name: string, image: string) {
  const volume = join(work, name);
  mkdirSync(volume);
  chownSync(volume, NODE_USER_ID, NODE_USER_ID);
  const environment = {
    CONTAINER_TEST: `${process.pid}-${name}`,
    AGGREGATOR_PORT: String(apiPort),
    AGGREGATOR_WS_PORT: String(wsPort),
    AGGREGATOR_BACKEND_URL: `http://127.0.0.1:${backendPort}`,
    AGGREGATOR_PRIVATE_KEY: KEY_IN_IMAGE,
  };
  return {
    volume,
    image: openImage({ image, volume, mounts: [`${keyFile}:${KEY_IN_IMAGE}:ro`], environment }),
  };
}

const TRADE = { symbol: 'BTCUSDT', price: 50_000, size: 0.1, side: 'buy', timestamp: 1_640_995_200_000 };

async function post(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await (await fetch(`${api}${path}`, { method: 'POST' })).json()) as Readonly<
    Record<string, unknown>
  >;
}

/** An engine hands on what comes from outside to an address that is not loopback. */
async function checkOutside(): Promise<void> {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (outside === undefined) return checks.check('this machine has an address', false);
  const there = `http://${outside.address}:${apiPort}`;
  await checks.until('the API listens at all addresses', () => isReady(there));
  const job = (await (await fetch(`${there}/jobs`, { method: 'POST' })).json()) as {
    readonly ws_url: string;
  };
  const [answer = ''] = await sendTrades(job.ws_url, [TRADE]);
  checks.check(
    'so does the WebSocket, at the host name of the request',
    job.ws_url.startsWith(`ws://${outside.address}:${wsPort}/ws/`) && answer.includes('"ack"'),
    () => `${job.ws_url} ${answer}`,
  );
}

async function useJob(): Promise<void> {
  const job = await post('/jobs');
  const [answer = ''] = await sendTrades(String(job['ws_url']), [TRADE]);
  checks.check('a trade gets its ack', answer.includes('"ack"'), () => answer);
  const before = received.length;
  const processed = await post(`/jobs/${String(job['job_id'])}/process`);
  checks.check('the job becomes a summary', processed['buckets_count'] === 1, () =>
    JSON.stringify(processed),
  );
  checks.check(
    'it reaches the backend, signed with the mounted key',
    received.length === before + 1 && isSigned(received[before] ?? { body: '', key: '' }, publicKey),
  );
}

async function checkTarget(): Promise<void> {
  const { volume, image } = open('trades-volume', required('IMAGE'));
  checks.image(image, {
    health: 'node dist/main.js trades status --live',
    command: 'node --max-semi-space-size=8 dist/main.js trades',
  });
  for (const port of ['5000/tcp', '5010/tcp'])
    checks.check(`it exposes ${port}`, port in image.config.ExposedPorts);
  const { code, output } = image.runWith({ AGGREGATOR_PRIVATE_KEY: '/app/none.key' }, 'aggregator', 'trades');
  checks.check(
    'without a key it exits with 1 and names the file',
    code === 1 && output.includes('/app/none.key'),
    () => output,
  );
  checks.check('it makes no key', image.run('ls', '/app/none.key').code !== 0);
  const first = checks.start(image);
  await checks.until('it becomes ready', () => isReady(api));
  checks.user(first);
  checks.check('the health check passes inside it', runHealthCheck(image) === 0);
  await checks.until('it serves the page, its scripts and the chart library', () => servesDashboard(api));
  await useJob();
  await checkOutside();
  await checks.stop(first, 'first run');
  const database = statSync(join(volume, 'trades.db'), { throwIfNoEntry: false });
  checks.check('the database is in the volume, and belongs to the user', database?.uid === NODE_USER_ID, () =>
    readdirSync(volume).join(' '),
  );
}

async function checkWithoutTarget(): Promise<void> {
  const { volume, image } = open('untargeted-volume', required('IMAGE_WITHOUT_TARGET'));
  const service = checks.start(image);
  await checks.until('without a target and a command it is trades, by its settings', () => isReady(api));
  checks.check('its health check is that of trades', runHealthCheck(image) === 0);
  await useJob();
  await checkOutside();
  await checks.stop(service, 'without a target');
  checks.check('its database is in the volume', readdirSync(volume).includes('trades.db'), () =>
    readdirSync(volume).join(' '),
  );
  const both = await checks.start(image, { NATS_URL: 'nats://127.0.0.1:1' }).ended;
  checks.check(
    'with NATS_URL beside them it names both and asks for a command',
    both.code !== 0 && both.output.includes('NATS_URL') && both.output.includes('AGGREGATOR_BACKEND_URL'),
    () => both.output,
  );
}

await checkTarget();
await checkWithoutTarget();
backend.close();
await checks.end();
