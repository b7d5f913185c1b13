// The nats-servers that set-up puts into .cache. For the tests, scripts/test-brokers.sh builds them with Go, here a stand-in:
// which Go is taken, what it is asked for, and that nothing fails without one. For the program, scripts/nats-server.sh fetches
// the official release, here from a folder, and uses it only with the pinned checksum. Nothing is fetched from elsewhere.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
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
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILDS = 'echo "$GOTOOLCHAIN $*" >>asked; : >"$GOBIN/nats-server"; chmod 755 "$GOBIN/nats-server"';
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-brokers-'));
  symlinkSync(join(ROOT, 'scripts'), join(folder, 'scripts'));
  mkdirSync(join(folder, 'go'));
  mkdirSync(join(folder, '.cache'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A Go of that version, which does not build but runs `install`. */
function putGo(version: string, install = BUILDS): void {
  const go = join(folder, 'go/go');
  writeFileSync(
    go,
    `#!/bin/sh\nif [ "$1" = version ]; then echo "go version ${version} linux/amd64"; exit; fi\n${install}\n`,
  );
  chmodSync(go, 0o755);
}

/** Runs commands with the functions of the script, where no Go is but the stand-in. */
function shell(commands: string): string {
  const script = `. scripts/tools.sh; . scripts/test-brokers.sh; GO_FOLDERS=$root/go; ${commands}`;
  const env = { PATH: '/usr/bin:/bin' };
  return execFileSync('sh', ['-euc', script], { cwd: folder, env, encoding: 'utf8' });
}

const ready = () => shell('if test_brokers_are_ready; then echo ready; else echo missing; fi').trim();

describe('the nats-servers of today, for the tests', () => {
  it('test brokers - Go builds both pinned versions, once, and may not fetch another Go', () => {
    putGo('go1.26.8');
    expect(ready()).toBe('missing');
    expect(shell('obtain_test_brokers')).toMatch(
      /^Building nats-server 2\.15\..*\nBuilding nats-server 2\.12\./,
    );
    const asked = readFileSync(join(folder, 'asked'), 'utf8');
    expect(asked).toMatch(
      /^local install .*nats-server\/v2@v2\.15\.\d+\nlocal install .*nats-server\/v2@v2\.12\.\d+\n$/,
    );
    expect(ready()).toBe('ready');
    expect(shell('obtain_test_brokers; say_missing_test_brokers')).toBe('');
    const built = shell('find_nats_server_current; find_nats_server_2_12').trim().split('\n');
    expect(built.map((path) => path.replace(/\d+(?=\/nats-server$)/, 'N'))).toEqual(
      ['2.15.N', '2.12.N'].map((version) => join(folder, '.cache/nats-servers', version, 'nats-server')),
    );
  });

  it.each([['go1.19.8'], ['go1.24.1'], ['devel'], [null]])(
    'test brokers - with %s as Go nothing is built, nothing fails, and one line says so',
    (version) => {
      if (version !== null) putGo(version);
      expect(ready()).toBe('ready');
      expect(shell('obtain_test_brokers')).toBe('');
      expect(shell('find_nats_server_current || echo none')).toBe('none\n');
      expect(shell('say_missing_test_brokers')).toMatch(
        /^No nats-server 2\.15.* their tests are not run\.\n$/,
      );
    },
  );

  it('test brokers - a Go for the older version builds that one', () => {
    putGo('go1.25.0');
    expect(shell('obtain_test_brokers')).toMatch(/^Building nats-server 2\.12\..*\n$/);
    expect(ready()).toBe('ready');
  });

  it('test brokers - a build that fails leaves nothing behind, and the set-up goes on', () => {
    putGo('go1.26.8', ': >"$GOBIN/half"; exit 1');
    expect(shell('obtain_test_brokers; echo on')).toMatch(
      /could not be built[^]*could not be built[^]*on\n$/,
    );
    expect(readdirSync(join(folder, '.cache/nats-servers'))).toEqual([]);
    expect(ready()).toBe('missing');
  });

  it('test brokers - the variable decides, and what it names is not built', () => {
    const mine = join(folder, 'mine');
    writeFileSync(mine, '');
    chmodSync(mine, 0o755);
    expect(shell(`NATS_SERVER_CURRENT_BIN=${mine}; find_nats_server_current`)).toBe(`${mine}\n`);
    expect(shell('NATS_SERVER_CURRENT_BIN=/none; find_nats_server_current || echo none')).toBe('none\n');
    putGo('go1.26.8');
    const named = `NATS_SERVER_CURRENT_BIN=/none; NATS_SERVER_2_12_BIN=${mine}`;
    expect(shell(`${named}; obtain_test_brokers; test_brokers_are_ready`)).toBe('');
    expect(existsSync(join(folder, '.cache/nats-servers'))).toBe(false);
  });
});

/** A folder of releases with an archive that is `bytes`, or holds a program; and the functions that fetch from it. */
function release(bytes?: string) {
  const platform = shell('. scripts/nats-server.sh; release_platform').trim();
  const version = shell(`. scripts/nats-server.sh; release_checksum ${platform}`).split(' ')[0] ?? '';
  const name = `nats-server-v${version}-${platform}`;
  const releases = join(folder, 'releases', `v${version}`);
  mkdirSync(join(folder, name));
  mkdirSync(releases, { recursive: true });
  const archive = join(releases, `${name}.tar.gz`);
  writeFileSync(join(folder, name, 'nats-server'), `#!/bin/sh\necho nats-server: v${version}\n`, {
    mode: 0o755,
  });
  if (bytes === undefined) execFileSync('tar', ['-czf', archive, name], { cwd: folder });
  else writeFileSync(archive, bytes);
  const functions = `. scripts/nats-server.sh; NATS_RELEASES_URL=file://${folder}/releases`;
  return { archive, functions, version };
}
const held = () => readdirSync(join(folder, '.cache'));

describe('the official release of nats-server', () => {
  it('release - with the pinned checksum it is unpacked, and nothing else is left', () => {
    const { archive, functions, version } = release();
    const pinned = `release_checksum() { echo "${version} $(sha256_of '${archive}')"; }`;
    expect(shell(`${functions}; ${pinned}; fetch_nats_release; .cache/nats-server/nats-server`)).toBe(
      `nats-server: v${version}\n`,
    );
    expect(held()).toEqual(['nats-server']);
    expect(readdirSync(join(folder, '.cache/nats-server'))).toEqual(['nats-server']);
  });

  it.each([['another archive'], ['']])('release - of the bytes %j nothing is unpacked or kept', (bytes) => {
    const { functions } = release(bytes);
    expect(shell(`${functions}; fetch_nats_release 2>&1 || echo refused`)).toMatch(
      /does not have the pinned SHA-256; it is not used\.\nrefused\n$/,
    );
    expect(held()).toEqual([]);
  });

  it('release - that cannot be fetched leaves nothing', () => {
    const { functions } = release();
    expect(shell(`${functions}/none; fetch_nats_release 2>&1 || echo refused`)).toBe('refused\n');
    expect(held()).toEqual([]);
  });
});
