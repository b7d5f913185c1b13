// `./aggregator` and `npm start`, whose script decides whether a nats-server is to be fetched before the program reads
// its settings: both
// must read them alike. The script runs as it is, in a folder where setting up and the program are replaced by their
// names.

import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/federation/config/settings.ts';
import { embeddedBrokerFor } from '../../src/federation/broker/broker-choice.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'start-'));
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(join(ROOT, 'src'), join(folder, 'src'));
  for (const name of ['aggregator', 'scripts/tools.sh', 'scripts/wants-broker.ts']) {
    copyFileSync(join(ROOT, name), join(folder, name));
  }
  // A machine without nats-server.
  writeFileSync(join(folder, 'scripts/nats-server.sh'), 'find_nats_server() { return 1; }\n');
  writeFileSync(join(folder, 'scripts/setup.sh'), 'echo "set up $*"\n');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  const node = join(folder, 'node_modules/.bin/node');
  const program =
    '#!/bin/sh\ncase "$*" in *src/main.ts*) echo "started $*"; echo "${NODE_COMPILE_CACHE-}" >compiled ;; *) exec RUNTIME "$@" ;; esac\n';
  writeFileSync(node, program.replace('RUNTIME', process.execPath));
  chmodSync(node, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a nats-server was fetched; the program is always started. */
async function fetches(env: Readonly<Record<string, string>>, ...args: string[]): Promise<boolean> {
  const { stdout, stderr } = await run('sh', ['aggregator', ...args], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', ...env },
  });
  expect(stdout).toBe(`${['started --max-semi-space-size=8 -- src/main.ts', ...args].join(' ')}\n`);
  expect(['set up \n', 'set up \nset up broker\n']).toContain(stderr);
  return stderr.includes('set up broker');
}

describe('start', () => {
  it.each<[Readonly<Record<string, string>>]>([
    [{}],
    [{ EMBEDDED_NATS: '' }],
    [{ EMBEDDED_NATS: ' on ' }],
    [{ EMBEDDED_NATS: 'off' }],
    [{ EMBEDDED_NATS: 'OFF' }],
    [{ EMBEDDED_NATS: ' off ' }],
    [{ EMBEDDED_NATS: 'Auto' }],
    [{ NATS_URL: '' }],
    [{ NATS_URL: '  ' }],
    [{ NATS_URL: ' nats://a:4222 ' }],
    [{ NATS_URL: 'nats://a', EMBEDDED_NATS: 'auto' }],
  ])('start - with %j a nats-server is fetched if the program would start one', async (env) => {
    const quiet = {
      lockFolder: () => ({ release: () => undefined }),
      log: () => undefined,
      onDown: () => undefined,
      onUp: () => undefined,
    };
    const broker = embeddedBrokerFor(readSettings(env).settings, '', quiet);
    expect(await fetches(env)).toBe(broker !== null);
  });

  it.each<[Readonly<Record<string, string>>]>([
    [{ EMBEDDED_NATS: '"off"' }],
    [{ NATS_URL: 'a' }],
    [{ WORKERS: '-' }],
  ])('start - with the wrong %j nothing is fetched for a program that will not start', async (env) => {
    expect(() => readSettings(env)).toThrow(/^1 setting is wrong/);
    expect(await fetches(env)).toBe(false);
  });

  it('start - nothing is fetched for a command', async () => {
    for (const name of ['status', 'check-config', 'backup', '--help', '--version'])
      expect(await fetches({}, name)).toBe(false);
    expect(await fetches({}, 'serve')).toBe(true);
    expect(await fetches({}, 'cluster', 'up')).toBe(true);
    expect(await fetches({}, 'cluster', 'status')).toBe(false);
    expect(await fetches({}, 'agent')).toBe(false);
    expect(await fetches({}, 'agent', '--demo')).toBe(true);
    expect(await fetches({ FEDERATION_NATS_URL: 'nats://a' }, 'agent', '--or-demo')).toBe(false);
    expect(await fetches({ AGGREGATOR_PRIVATE_KEY: 'a.key' })).toBe(false);
  });

  it.each<[string, boolean]>([
    ['LOG_LEVEL=warn', true],
    ['NATS_URL=nats://a:4222', false],
    ['export EMBEDDED_NATS="off" # no broker', false],
    ['AGGREGATOR_BACKEND_URL=http://a', false],
    ['NATS_SERVER_BIN=/usr/bin/nats', false],
    ['no setting', false],
  ])('start - the line %s of --env-file counts like the environment', async (text, isFetched) => {
    writeFileSync(join(folder, 'given.env'), `${text}\n`);
    expect(await fetches({}, '--env-file', 'given.env')).toBe(isFetched);
    expect(await fetches({}, 'serve', '--env-file=given.env')).toBe(
      text.startsWith('AGGREGATOR') ? true : isFetched,
    );
  });

  it('start - compiled code is kept in the clone, unless the environment says where', async () => {
    const keptIn = async (env: Readonly<Record<string, string>>) => {
      await fetches(env, 'status');
      return readFileSync(join(folder, 'compiled'), 'utf8').trimEnd();
    };
    expect(await keptIn({})).toBe(join(realpathSync(folder), '.cache/compiled'));
    expect(await keptIn({ NODE_COMPILE_CACHE: '/elsewhere' })).toBe('/elsewhere');
    expect(await keptIn({ NODE_COMPILE_CACHE: '' })).toBe('');
  });
});
