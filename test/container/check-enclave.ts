// Runs the image of the enclave, joined with the image of the trades service over a shared folder, as two containers of an
// engine are, and registers an account of a simulated exchange, whose summary must reach the backend. Then the image without a
// target, whose service starts the enclave. Started by scripts/container-test.sh; prints one line per check and the sum.
// Never leaves a process behind.

import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { startExchangeSim } from '../../src/trades/simulator/exchange-sim.ts';
import { freePort } from '../support/free-port.ts';
import { Checks, isReady, NODE_USER_ID, runHealthCheck } from './checks.ts';
import { openImage, required } from './image.ts';

/** User id of the enclave in its image. */
const ENCLAVE_USER_ID = 1001;
const KEY_IN_IMAGE = '/app/ed25519_private.key';
const HOUR_MS = 3_600_000;
const CREDENTIALS = { apiKey: 'container-key', secret: 'container-secret-of-no-exchange' };

const work = required('WORK');
const checks = new Checks('enclave container');
const [apiPort, wsPort, enclavePort] = [await freePort(), await freePort(), await freePort()];
const api = `http://127.0.0.1:${apiPort}`;
const keyFile = join(work, 'ed25519_private_of_enclave_test.key');
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
writeFileSync(keyFile, pem, { mode: 0o600 });
chownSync(keyFile, NODE_USER_ID, NODE_USER_ID);

/** The bodies that came. */
const received: string[] = [];
const backend = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    received.push(Buffer.concat(chunks).toString('utf8'));
    response.end(JSON.stringify({ ok: true, digest: request.headers['idempotency-key'] }));
  });
});
const backendPort = await freePort();
await new Promise<void>((resolve) => backend.listen(backendPort, '127.0.0.1', resolve));

const nowMs = Date.now();
const sim = await startExchangeSim('binance', {
  accounts: [
    {
      name: 'one',
      userId: '1',
      balances: { USDT: '10000' },
      fills: [
        {
          market: 'BTCUSDT',
          at: nowMs - 2 * HOUR_MS,
          price: '50000',
          amount: '0.1',
          side: 'buy',
        },
      ],
    },
  ],
  keys: [{ ...CREDENTIALS, account: 'one' }],
});

/** A folder of this machine that a user of a container owns. */
function folderOf(name: string, userId: number, mode = 0o755): string {
  const path = join(work, name);
  mkdirSync(path, { recursive: true });
  chownSync(path, userId, NODE_USER_ID);
  chmodSync(path, mode);
  return path;
}

const SERVICE = {
  AGGREGATOR_PORT: String(apiPort),
  AGGREGATOR_WS_PORT: String(wsPort),
  AGGREGATOR_BACKEND_URL: `http://127.0.0.1:${backendPort}`,
  AGGREGATOR_PRIVATE_KEY: KEY_IN_IMAGE,
};
const ENCLAVE = { ENCLAVE_PORT: String(enclavePort), EXCHANGE_URLS: `binance=${sim.url}` };
const KEY_MOUNT = `${keyFile}:${KEY_IN_IMAGE}:ro`;

/** Registers the account from inside a container, as a person does, and waits for the summary of its hour. */
async function registerAccount(image: ReturnType<typeof openImage>): Promise<void> {
  const before = received.length;
  const since = new Date(nowMs - 4 * HOUR_MS).toISOString();
  // Without waiting for it in one call, which would stop the exchange in this process.
  const { code, output } = await image.start([
    'sh',
    '-c',
    `echo '${JSON.stringify(CREDENTIALS)}' | aggregator register-user --user one --exchange binance --since ${since} --secrets-stdin --allow-unattested --enclave-url http://127.0.0.1:${enclavePort} --session-file /tmp/session.json`,
  ]).ended;
  checks.check('an account is registered', code === 0, () => output);
  await checks.until('the summary of its hour reaches the backend', () => received.length > before);
  const body = received[before] ?? '';
  checks.check('which has its trade, and no key', body.includes('binance') && !body.includes('container-'));
  checks.check(
    'the session ends',
    (await image.start(['aggregator', 'register-user', '--end', '/tmp/session.json']).ended).code === 0,
  );
}

async function checkTwo(): Promise<void> {
  const link = folderOf('enclave-link', ENCLAVE_USER_ID, 0o2770);
  const keys = folderOf('enclave-keys', ENCLAVE_USER_ID, 0o700);
  const enclave = openImage({
    image: required('IMAGE'),
    volume: folderOf('enclave-unused', ENCLAVE_USER_ID),
    mounts: [`${link}:/run/aggregator`, `${keys}:/keys`],
    environment: { CONTAINER_TEST: `${process.pid}-enclave`, ...ENCLAVE },
  });
  const trades = openImage({
    image: required('IMAGE_OF_TRADES'),
    volume: folderOf('enclave-trades', NODE_USER_ID),
    mounts: [`${link}:/run/aggregator`, KEY_MOUNT],
    environment: { CONTAINER_TEST: `${process.pid}-joined`, ...SERVICE },
  });
  checks.image(enclave, {
    health: 'node dist/main.js enclave status --live',
    command: 'node --disable-sigusr1 --report-exclude-env --max-semi-space-size=8 dist/main.js enclave',
    userId: ENCLAVE_USER_ID,
  });
  checks.check('it has the volume /keys', '/keys' in enclave.config.Volumes);
  checks.check('it exposes 3000/tcp', '3000/tcp' in enclave.config.ExposedPorts);
  const [first, service] = [checks.start(enclave), checks.start(trades)];
  await checks.until('it becomes ready', () => isReady(`http://127.0.0.1:${enclavePort}`));
  checks.user(first, ENCLAVE_USER_ID);
  checks.check('the health check passes inside it', runHealthCheck(enclave) === 0);
  const limits = readFileSync(`/proc/${first.pid() ?? 'self'}/limits`, 'utf8');
  checks.check('it leaves no core file', /^Max core file size\s+0\s+0\s/m.test(limits), () => limits);
  const sealKey = statSync(join(keys, 'enclave_seal.key'), { throwIfNoEntry: false });
  checks.check(
    'the seal key is in its volume, for its user only',
    sealKey?.uid === ENCLAVE_USER_ID && (sealKey.mode & 0o777) === 0o600,
  );
  checks.check(
    'the user of the service cannot read it',
    trades.run('sh', '-c', 'ls /keys /run/aggregator/*.key').code !== 0,
  );
  await checks.until('the service is linked to it', async () =>
    (await (await fetch(`${api}/metrics`)).text()).includes('\naggregator_trades_enclave_linked 1'),
  );
  await registerAccount(enclave);
  await checks.stop(service, 'the service');
  checks.check('the enclave goes on without it', runHealthCheck(enclave) === 0);
  await checks.stop(first, 'the enclave');
}

async function checkWithoutTarget(): Promise<void> {
  const volume = folderOf('enclave-untargeted', NODE_USER_ID);
  const image = openImage({
    image: required('IMAGE_WITHOUT_TARGET'),
    volume,
    mounts: [KEY_MOUNT],
    environment: { CONTAINER_TEST: `${process.pid}-untargeted`, ...SERVICE, ...ENCLAVE },
  });
  const service = checks.start(image);
  await checks.until('without a target the service starts an enclave', () =>
    isReady(`http://127.0.0.1:${enclavePort}`),
  );
  const sealKey = statSync(join(volume, 'enclave_seal.key'), { throwIfNoEntry: false });
  checks.check('whose seal key is in /data', sealKey?.uid === NODE_USER_ID);
  await registerAccount(image);
  await checks.stop(service, 'both');
  const isGone = await fetch(`http://127.0.0.1:${enclavePort}/health`).then(
    () => false,
    () => true,
  );
  checks.check('and the enclave with it', isGone);
}

await checkTwo();
await checkWithoutTarget();
backend.close();
await sim.stop();
await checks.end();
