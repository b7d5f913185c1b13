// The package as `npm pack` makes it and npm installs it in an empty folder: its commands, its service with and without a
// nats-server, its library and the library's types. test/agent/library/package.test.ts looks closer at the library. The one
// difference from a release is that the build leaves out the check of types, which `npm run check` makes.

import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { launchBroker } from '../support/program.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
/** The Node of the clone comes first: an installed package needs Node 24. */
const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Manifest {
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
let folder = '';
/** The folder in which npm has installed the package. */
let home = '';
let packed: Packed;

/** Packs a copy of the sources, so that the clone gets no `dist`. */
async function pack(source: string): Promise<Packed> {
  const files = [
    'package.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  for (const name of [...files, 'examples', 'src', 'scripts'])
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--noCheck'], { cwd: source });
  await run('sh', ['scripts/copy-pages.sh'], { cwd: source });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], {
    cwd: source,
    env: { ...process.env, PATH },
  });
  const [first] = JSON.parse(stdout) as readonly Packed[];
  if (first === undefined) throw new Error('npm packed nothing');
  return first;
}

/** Installs as a person does. Where no registry answers, the packages of the clone stand beside the unpacked one. */
async function install(archive: string): Promise<void> {
  const args = ['install', archive, '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=0'];
  try {
    await run('npm', args, { cwd: home, env: { ...process.env, PATH } });
  } catch (error) {
    if (!OFFLINE.test(String(error))) throw error;
    const modules = join(home, 'node_modules');
    const target = join(modules, 'truebit-aggregator');
    rmSync(modules, { recursive: true, force: true });
    mkdirSync(join(modules, '.bin'), { recursive: true });
    mkdirSync(target);
    await run('tar', ['xzf', archive, '--strip-components=1', '-C', target]);
    for (const name of Object.keys(manifest.dependencies)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    }
    await run('chmod', ['755', join(target, 'dist/main.js')]);
    for (const name of ['truebit-aggregator', 'aggregator'])
      symlinkSync('../truebit-aggregator/dist/main.js', join(modules, '.bin', name));
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'packed-'));
  home = join(folder, 'empty');
  for (const name of ['source', 'empty']) mkdirSync(join(folder, name));
  packed = await pack(join(folder, 'source'));
  await install(join(folder, 'source', packed.filename));
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NPX = ['--no-install', 'truebit-aggregator'];

function settings(more: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH, HOME: process.env['HOME'] ?? '', LOG_FORMAT: 'text', ...more };
}

interface Service {
  readonly url: string;
  /** Ctrl-C, which reaches npx too. Resolves with what was printed. */
  interrupt(): Promise<string>;
}

/** `npx truebit-aggregator` without a word, in the folder of the installation, until it is ready. */
async function serve(more: Readonly<Record<string, string>>): Promise<Service> {
  const port = await freePort();
  const started = spawn('npx', NPX, {
    cwd: home,
    env: settings({ HTTP_PORT: String(port), ...more }),
    detached: true,
  });
  let printed = '';
  for (const stream of [started.stdout, started.stderr])
    stream.on('data', (chunk: Buffer) => void (printed += chunk.toString()));
  const ended = new Promise<void>((resolve) => started.once('close', () => resolve()));
  let isRunning = true;
  void ended.then(() => (isRunning = false));
  const signal = () => {
    if (isRunning && started.pid !== undefined) process.kill(-started.pid, 'SIGINT');
  };
  onTestFinished(signal);
  const url = `http://127.0.0.1:${port}`;
  await until('readiness', async () => {
    if (!isRunning) throw new Error(`It ended: ${printed}`);
    return fetch(`${url}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  });
  return {
    url,
    async interrupt() {
      signal();
      await ended;
      return printed;
    },
  };
}

describe('packed program', () => {
  it('packed program - the package may be published, and says where it comes from', () => {
    expect(manifest.private).toBeUndefined();
    const repository = 'https://github.com/truebit-aggregator/truebit-aggregator';
    expect(manifest).toMatchObject({
      repository: { type: 'git', url: `git+${repository}.git` },
      homepage: `${repository}#readme`,
      bugs: `${repository}/issues`,
      engines: { node: '>=24' },
      license: 'MIT',
    });
    expect(manifest['keywords']).toContain('truebit');
  });

  it('packed program - it holds what runs, the types of the library and the examples, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    const unexpected = paths.filter(
      (path) => !/^(dist|examples)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path),
    );
    expect(unexpected).toEqual([]);
    expect(paths.filter((path) => /\.test\.|\.map$|(?<!\.d)\.ts$/.test(path))).toEqual([]);
    const types = paths.filter((path) => path.endsWith('.d.ts'));
    expect(types.filter((path) => !path.startsWith('dist/agent/library/'))).toEqual([]);
    expect(types).toContain('dist/agent/library/index.d.ts');
    // Some 1.3 MB in 1,300 files. Twice that would mean that something came along.
    expect(packed.size).toBeLessThan(2_600_000);
    expect(paths.length).toBeLessThan(2_600);
  });

  it('packed program - both commands run, and name themselves as they were called', async () => {
    const help = async (name: string) =>
      (await run('npx', ['--no-install', name, '--help'], { cwd: home, env: settings({}) })).stdout;
    expect(await help('truebit-aggregator')).toMatch(/^Usage: truebit-aggregator /);
    expect(await help('aggregator')).toMatch(/^Usage: aggregator /);
    const { stdout } = await run('npx', [...NPX, '--version'], { cwd: home, env: settings({}) });
    expect(stdout).toContain(manifest.version);
  });

  it('packed program - --env-file is read by the program alone', async () => {
    const command = join(home, 'node_modules/.bin/truebit-aggregator');
    const checked = (program: string, args: readonly string[]) =>
      run(program, [...args, 'check-config', '--env-file', 'my.env'], { cwd: home, env: settings({}) }).catch(
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
    const missing = await checked(command, []);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toMatch(/my\.env does not exist\. \[settings_invalid\]\n$/);
    // Node would refuse to start with this option.
    writeFileSync(join(home, 'my.env'), 'NODE_OPTIONS=--no-such-option\nHTTP_PORT=8123\n');
    expect((await checked(command, [])).stdout).toContain('HTTP_PORT=8123');
    // npx is a program of Node too, and would read the file itself.
    const words = ['--', 'truebit-aggregator'];
    expect((await checked('npx', words)).stdout).toContain('HTTP_PORT=8123');
  });

  it('packed program - without a nats-server it ends with one sentence and the remedy', async () => {
    const env = settings({
      EMBEDDED_NATS: 'on',
      NATS_SERVER_BIN: '/nonexistent',
      HTTP_PORT: '0',
      LOG_LEVEL: 'error',
    });
    const ended = await run('npx', NPX, { cwd: home, env }).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(
      /^NATS_SERVER_BIN=\/nonexistent is not a program [^\n]+ install nats-server[^\n]+NATS_SERVER_BIN[^\n]+NATS_URL[^\n]+ \[broker_binary_missing\]\n$/,
    );
  });

  it('packed program - with a nats-server it serves the page, and keeps its data in the folder where it was started', async () => {
    const [nats, webSocket] = [await freePort(), await freePort()];
    const service = await serve({
      EMBEDDED_NATS: 'on',
      EMBEDDED_NATS_PORT: String(nats),
      EMBEDDED_NATS_WS_PORT: String(webSocket),
      NATS_SERVER_BIN: process.env['NATS_SERVER_BIN'] ?? '',
    });
    const page = await (await fetch(`${service.url}/`)).text();
    const files = [...page.matchAll(/(?:src|href)="([\w./-]+\.(?:js|css|svg))"/g)].map(
      ([, name = '']) => name,
    );
    expect(files.length).toBeGreaterThan(2);
    for (const name of files) expect((await fetch(`${service.url}/${name}`)).status, name).toBe(200);
    expect(await service.interrupt()).toContain('database: data/aggregator.db');
    expect(existsSync(join(home, 'data/aggregator.db'))).toBe(true);
    expect(existsSync(join(home, 'data/aggregator-nats'))).toBe(true);
  });

  it('packed program - with NATS_URL it reads that broker', async () => {
    const broker = await launchBroker({});
    const service = await serve({ NATS_URL: broker.url, DB_PATH: join(folder, 'other/aggregator.db') });
    expect(await service.interrupt()).toContain(new URL(broker.url).host);
  });

  it('packed program - the library is imported, and its types are right', async () => {
    writeFileSync(
      join(home, 'monitor.mts'),
      `import { FederationClient } from 'truebit-aggregator/agent';
const client: FederationClient = new FederationClient({ servers: 'nats://127.0.0.1:9', salt: 'f'.repeat(64), statePath: 'monitor.db' });
const queued: boolean = await client.publishTaskReceived({ execution_id: 'a' });
// @ts-expect-error An id is no object.
if (!queued) await client.publishTaskReceived({ execution_id: {} });
await client.disconnect();
console.log('queued', queued);
`,
    );
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const target = ['--target', 'es2022', '--module', 'nodenext', '--strict'];
    const compiled = await run(join(ROOT, 'node_modules/.bin/tsc'), [...target, ...types, 'monitor.mts'], {
      cwd: home,
    }).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe('');
    const { stdout, stderr } = await run(process.execPath, ['monitor.mjs'], { cwd: home });
    expect({ stdout, stderr }).toEqual({ stdout: 'queued true\n', stderr: '' });
  });
});
