// Key files on a real disk, with every mode, kind of content and mount.

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeKeyFile, readKeyFile } from '../../src/io/key-file.ts';
import { CAN_MOUNT, mountBound, run } from '../support/mounts.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aggregator-key-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function keyFile(mode = 0o600): string {
  const path = join(folder(), 'a.key');
  makeKeyFile(path);
  chmodSync(path, mode);
  return path;
}

function fileWith(text: string): string {
  const path = join(folder(), 'a.key');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const pem = (key: KeyObject) =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();

const ed25519 = generateKeyPairSync('ed25519');
const damaged = pem(ed25519.privateKey).replace(/\n(.{10})/, '\n!');
const encrypted = ed25519.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })
  .toString();
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const unusable = (message: RegExp) =>
  expect.objectContaining({ code: 'key_unusable', message: expect.stringMatching(message) });

describe('key file', () => {
  it('key file - a new one has mode 0600 whatever the mask, and is read as the same key', () => {
    const path = join(folder(), 'a.key');
    const mask = process.umask(0o377);
    onTestFinished(() => void process.umask(mask));
    const made = makeKeyFile(path);
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const read = readKeyFile(path);
    expect(read?.publicKey).toEqual(made.publicKey);
    expect(read?.privateKey.equals(made.privateKey)).toBe(true);
    expect(read?.warnings).toEqual([]);
  });

  it('key file - without a file there is no key', () => {
    expect(readKeyFile(join(folder(), 'a.key'))).toBeNull();
  });

  it.each(['file', 'folder', 'link that leads nowhere'])(
    'key file - a new one never replaces a %s',
    (what) => {
      const path = join(folder(), 'a.key');
      if (what === 'file') writeFileSync(path, 'x');
      else if (what === 'folder') mkdirSync(path);
      else symlinkSync(join(path, 'nowhere'), path);
      expect(() => makeKeyFile(path)).toThrow(expect.objectContaining({ code: 'key_exists' }));
      if (what === 'file') expect(readFileSync(path, 'utf8')).toBe('x');
    },
  );

  it('key file - a new one in a folder that does not exist is refused', () => {
    expect(() => makeKeyFile(join(folder(), 'no', 'a.key'))).toThrow(unusable(/cannot be made \(ENOENT\)/));
  });

  it.each([0o602, 0o620, 0o666, 0o777])('key file - mode %i, writable by others, is refused', (mode) => {
    expect(() => readKeyFile(keyFile(mode))).toThrow(unusable(/written by other users.*chmod 600/));
  });

  it.each([0o604, 0o640, 0o444, 0o755])('key file - mode %i, readable by others, warns', (mode) => {
    const warnings = readKeyFile(keyFile(mode))?.warnings ?? [];
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/other users may read.*chmod 600/);
  });

  it.runIf(CAN_MOUNT)('key file - on a mount that is read-only it may have any mode', () => {
    const path = keyFile(0o777);
    const mounted = join(folder(), 'b.key');
    writeFileSync(mounted, '');
    mountBound(path, mounted);
    expect(() => readKeyFile(mounted)).toThrow(unusable(/written by other users/));
    run('mount', '-o', 'remount,bind,ro', mounted);
    expect(readKeyFile(mounted)?.warnings).toHaveLength(1);
    // The same file, seen through a mount that is not read-only.
    expect(() => readKeyFile(path)).toThrow(unusable(/written by other users/));
  });

  it.each([
    ['nothing', '', /is empty/],
    ['white space', '\n \n', /is empty/],
    ['text', 'hello', /holds no PEM text/],
    ['a long text', `${'x'.repeat(20_000)}${pem(ed25519.privateKey)}`, /holds no PEM text/],
    ['a damaged key', damaged, /is damaged/],
    ['an encrypted key', encrypted, /is encrypted/],
    ['a public key', pem(ed25519.publicKey), /holds a public key/],
    ['a P-256 key', pem(p256), /no Ed25519 private key/],
    ['an X25519 key', pem(generateKeyPairSync('x25519').privateKey), /no Ed25519 private key/],
    ['a SEC1 key', p256.export({ type: 'sec1', format: 'pem' }).toString(), /no Ed25519 private key/],
    ['an OpenSSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n', /no Ed25519 private key/],
  ])('key file - %s is refused with the remedy, and without its text', (_what, text, message) => {
    const path = fileWith(text);
    expect(() => readKeyFile(path)).toThrow(unusable(message));
    const [, secret = 'no text'] = text.split('\n');
    if (secret.trim() !== '') expect(() => readKeyFile(path)).not.toThrow(secret);
  });

  it('key file - a folder is refused: Docker makes one for a missing file', () => {
    expect(() => readKeyFile(folder())).toThrow(unusable(/is a folder: Docker/));
  });

  it('key file - a pipe is refused at once', () => {
    const path = join(folder(), 'pipe');
    execFileSync('mkfifo', [path]);
    expect(() => readKeyFile(path)).toThrow(unusable(/no regular file/));
  });

  it('key file - a path that leads through a file is refused', () => {
    expect(() => readKeyFile(join(keyFile(), 'a.key'))).toThrow(unusable(/ENOTDIR/));
  });
});
