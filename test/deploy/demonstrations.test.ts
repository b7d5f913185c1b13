// What a person tries first, in a copy of the files that git tracks: each program starts with nothing but free ports set,
// as its npm script says, and leaves nothing behind that git would show. The set-up is left out: the packages are those of
// this checkout.

import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
let folder = '';

function git(...args: readonly string[]): string {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'core.excludesFile='];
  return execFileSync('git', [...author, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

function copyCheckout(): void {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  for (const name of names.filter((each) => each !== '' && existsSync(join(ROOT, each)))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync(join(ROOT, name), join(folder, name));
  }
}

/** A demonstration that runs. */
interface Demonstration {
  /** Standard output and error so far. */
  output(): string;
  /** Ends it as Ctrl-C does; resolves with its exit code. */
  interrupt(): Promise<number | null>;
}

/** Starts an npm script as npm does, and waits until the output has the words. */
async function start(
  script: string,
  env: Readonly<Record<string, string>>,
  words: RegExp,
): Promise<Demonstration> {
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const child = spawn('sh', ['-c', script], {
    cwd: folder,
    env: { PATH, HOME, NATS_SERVER_BIN, LOG_FORMAT: 'text', ...env },
    // A process group of its own, to which a Ctrl-C goes.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const tell = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  onTestFinished(() => tell('SIGKILL'));
  await until(`${words} of ${script}`, () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${output}`);
    return words.test(output);
  });
  return {
    output: () => output,
    interrupt() {
      tell('SIGINT');
      return ended;
    },
  };
}

describe.runIf(existsSync(join(ROOT, '.git')))('demonstrations', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'demonstrations-'));
    copyCheckout();
    writeFileSync(join(folder, 'scripts/setup.sh'), '');
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    git('init', '--quiet');
    // `.gitignore` names the folder, and this is a link.
    writeFileSync(join(folder, '.git/info/exclude'), 'node_modules\n');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'the checkout');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What git would show, ignored files left out. */
  const shown = () => git('status', '--porcelain', '--untracked-files=all');

  it('demonstrations - trades: the key, the backend beside it, a signed summary, and git shows nothing', async () => {
    const [api, socket, ingest] = [await freePort(), await freePort(), await freePort()].map(String);
    const env = {
      AGGREGATOR_PORT: api ?? '',
      AGGREGATOR_WS_PORT: socket ?? '',
      INGEST_PORT: ingest ?? '',
      ENCLAVE_PORT: '0',
    };
    const service = await start(scripts['trades'] ?? '', env, /ready for jobs/);
    const steps = Array.from(service.output().matchAll(/ {2}(\d)\. (.*)/g), ([, , step = '']) => step);
    expect(steps).toEqual([
      `node examples/job-client.mjs http://127.0.0.1:${api}`,
      `open http://127.0.0.1:${ingest} (what the backend received) and http://127.0.0.1:${api} (the service)`,
      './aggregator outbox list --state delivered',
    ]);
    const run = (command: string) =>
      execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    const [, digest = 'none'] = /digest ([0-9a-f]{64})\n$/.exec(run(steps[0] ?? '')) ?? [];
    expect(run(steps[2] ?? '')).toContain(`delivered  ${digest}`);
    expect(await (await fetch(`http://127.0.0.1:${ingest}/api/ingest/clients`)).text()).toContain(
      'test-client-1',
    );
    expect(await service.interrupt()).toBe(0);
    // With the key and a backend that is there already.
    const backend = await start(scripts['ingest-server'] ?? '', { INGEST_PORT: ingest ?? '' }, /ready for/);
    const again = await start(scripts['trades'] ?? '', env, /ready for jobs/);
    expect(again.output()).not.toContain('made ed25519_private.key');
    expect(again.output()).toContain(`backend: http://localhost:${ingest}`);
    expect(again.output()).toContain(`open http://localhost:${ingest} `);
    expect(await again.interrupt()).toBe(0);
    expect(await backend.interrupt()).toBe(0);
    expect(existsSync(join(folder, 'ed25519_private.key'))).toBe(true);
    expect(shown()).toBe('');
  });

  it('demonstrations - accounts: a simulated exchange, a registered account, signed hours, and git shows nothing', async () => {
    const [api, socket, ingest, enclave, port] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const exchange = await start(`${scripts['exchange-sim']} binance --port ${port}`, {}, /is ready/);
    // What it prints to be typed.
    const said = (pattern: RegExp) => pattern.exec(exchange.output())?.[1] ?? '';
    const urls = said(/start the service with: EXCHANGE_URLS=(\S+) npm run trades/);
    const service = await start(
      scripts['trades'] ?? '',
      {
        AGGREGATOR_PORT: String(api),
        AGGREGATOR_WS_PORT: String(socket),
        INGEST_PORT: String(ingest),
        ENCLAVE_PORT: String(enclave),
        EXCHANGE_URLS: urls,
      },
      /\[enclave\] enclave: ready for registrations/,
    );
    expect(service.output()).toContain('to try an exchange account without an exchange: ');
    const run = (command: string) =>
      execFileSync('sh', ['-c', command], {
        cwd: folder,
        encoding: 'utf8',
        stdio: 'pipe',
        env: { ...process.env, AGGREGATOR_PORT: String(api) },
      });
    const registered = run(
      `${said(/^(echo .*--account-type spot.*)$/m)} --enclave-url http://127.0.0.1:${enclave}`.replace(
        '--api-interval 5000',
        '--api-interval 1000',
      ),
    );
    const [, file = ''] = /token in +(.*)/.exec(registered) ?? [];
    const hours = () => (run('./aggregator outbox list --state delivered').match(/at binance/g) ?? []).length;
    await until('hours that have ended', () => hours() >= 2);
    const before = hours();
    const fills = async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${api}/metrics`)).text();
      return Number(/^aggregator_enclave_fills_total (\d+)/m.exec(metrics)?.[1]);
    };
    const read = await fills();
    await until('a fill of the open hour', async () => (await fills()) > read);
    expect(run(`./aggregator register-user --status ${file}`)).toContain('"state": "online"');
    run(`./aggregator register-user --end ${file}`);
    await until('the open hour', () => hours() > before);
    const { rows } = (await (await fetch(`http://127.0.0.1:${ingest}/api/ingest/clients`)).json()) as {
      readonly rows: readonly { readonly provenance: string }[];
    };
    // The folder has the demonstration of jobs behind it too.
    expect(rows.filter(({ provenance }) => provenance === 'polled')).toHaveLength(1);
    expect(await service.interrupt()).toBe(0);
    expect(await exchange.interrupt()).toBe(0);
    expect(existsSync(join(folder, 'enclave_seal.key'))).toBe(true);
    expect(shown()).toBe('');
  });

  it('demonstrations - mining: a simulated pool and miners, and git shows nothing', async () => {
    const demonstration = await start(scripts['mining'] ?? '', {}, /DEMONSTRATION ready/);
    expect(await demonstration.interrupt()).toBe(0);
    expect(shown()).toBe('');
  });

  it('demonstrations - agent: a simulated node and an aggregator, tasks on both pages, and git shows nothing', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'demonstrations-agent-'));
    onTestFinished(() => rmSync(temporary, { recursive: true, force: true }));
    const demonstration = await start(scripts['agent'] ?? '', { TMPDIR: temporary }, /DEMONSTRATION ready/);
    expect(demonstration.output()).toContain(
      'no setting AGENT_… or FEDERATION_… is there, and nothing matches',
    );
    const page = (name: string) => new RegExp(`the ${name}'s page: (\\S+)`).exec(demonstration.output())?.[1];
    for (const name of ['aggregator', 'agent']) {
      await until(`tasks at the ${name}`, async () => {
        const answer = await fetch(`${page(name)}/api/federation/network-stats`);
        return ((await answer.json()) as { readonly totalTasks: number }).totalTasks > 0;
      });
    }
    const folders = () => readdirSync(temporary).filter((name) => name.startsWith('agent-demonstration-'));
    expect(folders()).toHaveLength(1);
    expect(await demonstration.interrupt()).toBe(0);
    expect(folders()).toEqual([]);
    expect(shown()).toBe('');
  });

  it('demonstrations - federation: with a broker of its own, and git shows nothing', async () => {
    const [http, nats, ws] = [await freePort(), await freePort(), await freePort()].map(String);
    const env = {
      HTTP_PORT: http ?? '',
      EMBEDDED_NATS: 'on',
      EMBEDDED_NATS_PORT: nats ?? '',
      EMBEDDED_NATS_WS_PORT: ws ?? '',
    };
    const service = await start(scripts['start'] ?? '', env, /dashboard: http/);
    await until('readiness', async () => (await fetch(`http://127.0.0.1:${http}/readyz`)).status === 200);
    expect(await service.interrupt()).toBe(0);
    expect(shown()).toBe('');
  });
});
