// The package as others install it: packed, unpacked into another program's folder, imported from JavaScript, checked by
// TypeScript, refused by an old Node, and the example run against a broker. What is built here is the library alone.

import { execFile } from 'node:child_process';
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
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, launchBroker } from '../../support/program.ts';
import { recorded } from './client-fixture.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);
const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

let folder = '';
/** The folder of a program that has installed the package. */
let consumer = '';

/** Builds the library and what it imports, as `npm run build` builds everything. */
async function build(to: string): Promise<void> {
  const options = { noCheck: true, outDir: join(to, 'dist'), rootDir: join(ROOT, 'src'), types: ['node'] };
  const configuration = {
    extends: join(ROOT, 'tsconfig.build.json'),
    compilerOptions: { ...options, typeRoots: [join(ROOT, 'node_modules/@types')] },
    include: [],
    files: [join(ROOT, 'src/agent/library/index.ts')],
  };
  writeFileSync(join(to, 'tsconfig.json'), JSON.stringify(configuration));
  await run(bin('tsc'), ['-p', join(to, 'tsconfig.json')]);
}

function linkPackage(name: string): void {
  const link = join(consumer, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', name), link);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  const source = join(folder, 'source');
  consumer = join(folder, 'consumer');
  mkdirSync(source);
  mkdirSync(join(consumer, 'node_modules/truebit-aggregator'), { recursive: true });
  for (const name of ['package.json', 'README.md', 'LICENSE', 'examples']) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  await build(source);
  // The hook would build everything once more.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--offline'], { cwd: source });
  const [packed] = JSON.parse(stdout) as readonly { readonly filename: string }[];
  const archive = join(source, packed?.filename ?? '');
  await run('tar', [
    'xzf',
    archive,
    '--strip-components=1',
    '-C',
    join(consumer, 'node_modules/truebit-aggregator'),
  ]);
  // What npm would install beside it: its dependencies, and no development dependency.
  const { dependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(dependencies)) linkPackage(name);
  writeFileSync(join(consumer, 'package.json'), '{"name":"consumer","type":"module"}\n');
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('packed package', () => {
  it('is named truebit-aggregator, is built when it is packed, and holds what is built and the examples', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
    expect(manifest.name).toBe('truebit-aggregator');
    expect(manifest.scripts['prepack']).toContain('scripts/build.sh');
    const installed = join(consumer, 'node_modules/truebit-aggregator');
    for (const file of [
      'dist/agent/library/index.d.ts',
      'examples/own-monitor.mjs',
      'LICENSE',
      'README.md',
    ]) {
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
    expect(existsSync(join(installed, 'src'))).toBe(false);
  });

  it('is imported from JavaScript, and nothing else of it can be', async () => {
    const program = `
      import { FederationClient, FederationError } from 'truebit-aggregator/agent';
      const client = new FederationClient({ servers: 'nats://127.0.0.1:9', salt: 'f'.repeat(64), statePath: 'monitor.db' });
      const queued = await client.publishTaskReceived({ execution_id: 'a' });
      await client.disconnect();
      const others = await import('truebit-aggregator/dist/main.js').catch((error) => error.code);
      console.log(JSON.stringify([queued, client.getStats().connected, typeof FederationError, others]));
    `;
    writeFileSync(join(consumer, 'program.mjs'), program);
    const { stdout, stderr } = await run(process.execPath, ['program.mjs'], { cwd: consumer });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([true, false, 'function', 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
    expect(existsSync(join(consumer, 'monitor.db'))).toBe(true);
  });

  it('has types that are right without the types of any other package but those of Node', async () => {
    const program = `
      import { FederationClient, type FederationStats, type MonitorTask } from 'truebit-aggregator/agent';
      const client: FederationClient = new FederationClient({ servers: ['nats://127.0.0.1:9'], tlsCa: null });
      const task: MonitorTask = { execution_id: 'a', exit_code: 0, received_at: new Date() };
      const queued: boolean = await client.publishTaskCompleted(task);
      client.on('message', ({ subject, data }) => console.log(subject.length, data, queued));
      client.on('error', (error) => console.error(error.code === 'queue_full', error.message));
      // @ts-expect-error There is no such event.
      client.on('nothing', () => undefined);
      // @ts-expect-error An id is no object.
      await client.publishTaskReceived({ execution_id: {} });
      const stats: FederationStats = client.getStats();
      const salt: string | null = client.getCredentials().salt;
      console.log(stats.queued, salt, await client.flush(1_000));
    `;
    writeFileSync(join(consumer, 'program.ts'), program);
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const target = ['--target', 'es2022', '--module', 'nodenext', '--strict', '--noEmit'];
    const { stdout } = await run(bin('tsc'), [...target, ...types, 'program.ts'], { cwd: consumer }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  it('refuses an old Node in one sentence, and exits with 1', async () => {
    // The entry imports this file before everything else. An old Node is made up by its version alone.
    const file = join(consumer, 'node_modules/truebit-aggregator/dist/agent/library/node-version.js');
    const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); await import(${JSON.stringify(file)});`;
    const ended = await run(process.execPath, ['--input-type=module', '--eval', old]).catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toMatch(/needs Node 24 or newer, and .* is Node 20\.20\.2\. \[node_too_old\]/);
    expect(ended.stderr).not.toContain('    at ');
    const index = readFileSync(join(dirname(file), 'index.js'), 'utf8');
    expect(/from ["'](.+?)["']/.exec(index)?.[1]).toBe('./node-version.js');
  });

  it('the example speaks for a node, and ends by itself', async () => {
    const broker = await launchBroker({});
    const connection = await connectTo(broker.url);
    // There is no aggregator here: the example gets its salt from a join reply all the same.
    const reply = {
      federationSalt: 'a'.repeat(64),
      heartbeatIntervalMs: 30_000,
      aggregatorId: 'test',
      ratePerMinute: 6_000,
    };
    connection.subscribe('truebit.federation.join', {
      callback: (_error, message) => void message.respond(JSON.stringify(reply)),
    });
    const messages = await recorded(connection);
    cpSync(
      join(consumer, 'node_modules/truebit-aggregator/examples/own-monitor.mjs'),
      join(consumer, 'own-monitor.mjs'),
    );
    const { stdout, stderr } = await run(process.execPath, ['own-monitor.mjs', broker.url, '0.1'], {
      cwd: consumer,
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('confirmed: true\n');
    expect(stdout.trimEnd().endsWith('left')).toBe(true);
    await connection.flush();
    const types = messages.map(({ data }) => String(data['type']));
    const twice = ['task_received', 'task_completed'].flatMap((type) => [type, type]);
    expect(types.toSorted()).toEqual([...twice, 'heartbeat', 'node_joined', 'node_left'].toSorted());

    const away = await run(process.execPath, ['own-monitor.mjs', 'nats://127.0.0.1:9', '0.1'], {
      cwd: consumer,
    }).catch((error: { code: number; stderr: string }) => error);
    expect(away).toMatchObject({ code: 1 });
    expect(away.stderr).toContain('There is no connection to nats://127.0.0.1:9');
  });
});
