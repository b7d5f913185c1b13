// A trial of the mining program: simulated miners with liars, repeaters, late ones and NATs, a simulated upstream with
// every fault, and the real aggregator between them, which is killed at seeded moments. At the end the upstream's record
// is compared with the oracle. `sh scripts/mining-trial.sh --seed N …`; exit 0: all as it must be.

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, createWriteStream, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../../src/lib/random.ts';
import { COMPILED_CODE } from '../../support/compiled-code.ts';
import { freePort } from '../../support/free-port.ts';
import { scriptOptions } from '../../support/script-options.ts';
import { secondsOption } from '../../support/seconds-option.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

const values = scriptOptions({
  seed: { type: 'string', default: '1' },
  blocks: { type: 'string', default: '26' },
  'block-seconds': { type: 'string', default: '40' },
  miners: { type: 'string', default: '500' },
  accounts: { type: 'string', default: '12' },
  nonces: { type: 'string', default: '8' },
  kills: { type: 'string', default: '10' },
  mode: { type: 'string', default: 'pool' },
  faults: { type: 'string', default: 'all' },
});
const [seed, blocks] = [values.seed, values.blocks].map(Number) as [number, number];
const blockSeconds = secondsOption('--block-seconds', values['block-seconds']);
const blockMs = blockSeconds * 1000;

const folder = mkdtempSync(join(tmpdir(), 'mining-trial-'));
const at = (name: string) => join(folder, name);
const children = new Set<ChildProcess>();

/** Starts the program with a command; its output goes to a file. */
function start(name: string, args: readonly string[]): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH, HOME, ...COMPILED_CODE },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(at(`${name}.log`), { flags: 'a' });
  child.stdout?.on('data', (text: Buffer) => log.write(text));
  child.stderr?.on('data', (text: Buffer) => log.write(text));
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Resolves when the program has printed this. */
function said(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => text.toString().includes(words) && resolve());
    child.once('exit', (code) =>
      reject(new Error(`It ended (${code}) before it said '${words}': see ${folder}.`)),
    );
  });
}

const exited = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await exited(child);
}

/** Seeded moments from the beginning of block 1 to the middle of the last one, in their order, well apart. */
function killTimes(): readonly number[] {
  const random = createRandom(seed, 'kills');
  const spanMs = (blocks - 1.5) * blockMs;
  const count = Number(values.kills);
  return Array.from(
    { length: count },
    (_none, index) => blockMs + (spanMs * (index + 0.1 + 0.8 * random.next())) / count,
  );
}

const shares = ['--liars', '0.1', '--repeaters', '0.05', '--stale', '0.05', '--nat', '0.2'];
const common = [
  '--seed',
  values.seed,
  '--miners',
  values.miners,
  '--accounts',
  values.accounts,
  '--nonces',
  values.nonces,
  '--mode',
  values.mode,
  ...shares,
];

async function trial(): Promise<number> {
  const [door, port] = [await freePort(), await freePort()];
  const cookie = at('cookie');
  writeFileSync(
    at('aggregator_config.yaml'),
    [
      `server: { listen_address: "127.0.0.1:${door}" }`,
      'upstream:',
      '  name: simulated',
      '  rpc_transport: http',
      '  rpc_host: 127.0.0.1',
      `  rpc_port: ${port}`,
      `  rpc_auth: { type: cookie, cookie_path: "${cookie}" }`,
      `  submission_mode: ${values.mode}`,
      '  block_time_secs: 120',
      `database: { path: "${at('aggregator.db')}" }`,
      '',
    ].join('\n'),
  );
  const miners = start('miners', ['mining-sim', '--url', `http://127.0.0.1:${door}`, ...common]);
  await said(miners, 'poll once a second');
  const plan = ['--seed', values.seed, '--faults', values.faults, '--block-seconds', values['block-seconds']];
  const upstream = start('upstream', [
    'upstream-sim',
    ...plan,
    '--take-all',
    '--port',
    String(port),
    '--auth',
    `cookie:${cookie}`,
    '--record',
    at('record.jsonl'),
  ]);
  await said(upstream, 'ready');
  const beganAtMs = performance.now();
  const startAggregator = () => start('aggregator', ['mining', '-c', at('aggregator_config.yaml')]);
  let aggregator = startAggregator();
  writeFileSync(at('kills'), '');
  for (const killAtMs of killTimes()) {
    await delay(Math.max(0, beganAtMs + killAtMs - performance.now()));
    const hadEnded = aggregator.exitCode !== null;
    appendFileSync(at('kills'), `${Date.now()}\n`);
    await end(aggregator, 'SIGKILL');
    console.log(`${Math.round(killAtMs / 1000)} s: killed${hadEnded ? ', and it had ended by itself' : ''}`);
    aggregator = startAggregator();
  }
  await delay(Math.max(0, beganAtMs + blocks * blockMs + 1_000 - performance.now()));
  miners.stdout?.on('data', (text: Buffer) => console.log(text.toString().trimEnd()));
  await end(miners, 'SIGINT');
  await end(aggregator, 'SIGTERM');
  await end(upstream, 'SIGTERM');
  const verify = [
    'mining-sim',
    '--verify',
    at('record.jsonl'),
    '--kills',
    at('kills'),
    '--cookie',
    ...common,
  ];
  const more = ['--faults', values.faults, '--block-seconds', values['block-seconds']];
  const verification = start('verification', [...verify, ...more]);
  verification.stdout?.pipe(process.stdout);
  await exited(verification);
  console.log(`records and logs: ${folder}`);
  return verification.exitCode ?? 1;
}

try {
  process.exitCode = await trial();
} finally {
  for (const child of children) child.kill('SIGKILL');
}
