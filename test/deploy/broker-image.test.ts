// deploy/nats/nats.conf on the version of nats-server that docker-compose.yml names: the file as it stands, at the path and on
// the ports of the image, in a folder that stands for the image and a network of its own. And the places that name a version
// of nats-server agree.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatVersion, isAtLeast, parseVersion } from '../../src/io/embedded-broker/version.ts';
import { BROKER_2_12, CURRENT_BROKER, versionOf } from '../support/broker-version.ts';
import { works } from '../support/mounts.ts';
import { PASSWORDS } from '../support/shipped-broker.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const IMAGE = /image: docker\.io\/library\/nats:([\d.]+)-alpine\n/g;
const images = (path: string) => Array.from(textOf(path).matchAll(IMAGE), (match) => match[1] ?? '');
const [IMAGE_VERSION = ''] = images('docker-compose.yml');

/** What scripts/FILE prints when these commands follow its functions. */
function shell(file: string, commands: string): string {
  const script = `. scripts/tools.sh; . scripts/${file}; ${commands}`;
  return execFileSync('sh', ['-euc', script], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
}

/** A network and a root folder of its own: Linux alone has them, and root or a namespace of this user's is needed. */
const HAS_NAMESPACES = works(() => execFileSync('unshare', ['-rnpf', 'ip', 'link', 'set', 'lo', 'up']));

describe('the broker of the image', () => {
  it('broker image - Compose, its documentation and the tests name the same nats-server', () => {
    expect(images('docker-compose.yml')).toEqual([IMAGE_VERSION]);
    expect(images('docs/operations.md')).toEqual([IMAGE_VERSION]);
    expect(shell('test-brokers.sh', 'echo ${NATS_SERVER_CURRENT% *}')).toBe(`${IMAGE_VERSION}\n`);
  });

  it('broker image - the release that set-up fetches is of the same series for each platform, and no newer', () => {
    const pins = ['linux-amd64', 'linux-arm64', 'darwin-amd64', 'darwin-arm64'].map((platform) =>
      shell('nats-server.sh', `release_checksum ${platform}`),
    );
    const newest = parseVersion(IMAGE_VERSION) ?? [0, 0, 0];
    for (const pin of pins) {
      expect(pin).toMatch(/^\d+\.\d+\.\d+ [0-9a-f]{64}\n$/);
      const version = parseVersion(pin) ?? [0, 0, 0];
      expect(version.slice(0, 2)).toEqual(newest.slice(0, 2));
      expect(isAtLeast(newest, version)).toBe(true);
    }
    expect(new Set(pins.map((pin) => pin.split(' ')[1])).size).toBe(pins.length);
  });

  it.runIf(CURRENT_BROKER !== undefined)('broker image - the tests run on the version of the image', () => {
    expect(formatVersion(versionOf(CURRENT_BROKER ?? ''))).toBe(IMAGE_VERSION);
  });

  it.runIf(BROKER_2_12 !== undefined)('broker image - the tests run on the pinned 2.12 too', () => {
    const pinned = shell('test-brokers.sh', 'echo ${NATS_SERVER_2_12% *}').trim();
    expect(formatVersion(versionOf(BROKER_2_12 ?? ''))).toBe(pinned);
  });

  it.runIf(CURRENT_BROKER !== undefined && HAS_NAMESPACES)(
    'broker image - the shipped configuration runs as it stands, on the ports that it names',
    () => {
      const image = mkdtempSync(join(tmpdir(), 'broker-image-'));
      onTestFinished(() => rmSync(image, { recursive: true, force: true }));
      for (const folder of ['data', 'etc/nats']) mkdirSync(join(image, folder), { recursive: true });
      copyFileSync(CURRENT_BROKER ?? '', join(image, 'nats-server'));
      copyFileSync(join(ROOT, 'deploy/nats/nats.conf'), join(image, 'etc/nats/nats.conf'));
      const broker = `chroot '${image}' /nats-server -c /etc/nats/nats.conf`;
      const program = `'${process.execPath}' test/support/shipped-broker-program.ts`;
      const script = `ip link set lo up; ${broker} 2>'${image}/log' & ${program}; status=$?; kill $!; wait; exit $status`;
      const { stdout, stderr, status } = spawnSync('unshare', ['-rnpf', '--kill-child', 'sh', '-c', script], {
        cwd: ROOT,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], ...PASSWORDS },
        timeout: 30_000,
      });
      expect({ status, stderr, log: readFileSync(join(image, 'log'), 'utf8') }).toMatchObject({
        status: 0,
        log: expect.stringContaining('Server is ready'),
      });
      expect(JSON.parse(stdout)).toEqual({ version: IMAGE_VERSION, stored: 2 });
    },
  );
});
