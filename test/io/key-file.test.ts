// Key files on a real disk, with every mode, kind of content and mount.

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeKeyFile, readKeyFile } from '../../src/io/key-file.ts';
import { CAN_MOUNT, mountBound, run, works } from '../support/mounts.ts';

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

const NOBODY = 65_534;
const PROGRAM = fileURLToPath(new URL('../support/read-key-program.ts', import.meta.url));

/** What a user without rights is told about the file. */
function asNobody(path: string): Readonly<Record<string, unknown>> {
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const told = execFileSync('setpriv', [...user, process.execPath, PROGRAM, path], { stdio: 'pipe' });
  return JSON.parse(told.toString()) as Readonly<Record<string, unknown>>;
}

/** Root becomes a user without rights; for another user the tests cannot prepare their files. */
const CAN_CHANGE_USER = works(() => {
  if (process.getuid?.() !== 0) throw new Error('not root');
  asNobody('/nowhere');
});

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
    ['an OpenSSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nnever shown\n', /no Ed25519 private key/],
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

  it.runIf(CAN_CHANGE_USER)('key file - one that this user may not read is named with the remedy', () => {
    const path = keyFile();
    expect(asNobody(path)).toMatchObject({
      code: 'key_unusable',
      message: expect.stringContaining('may not enter the folder') as string,
    });
    chmodSync(dirname(path), 0o755);
    expect(asNobody(path)).toMatchObject({
      code: 'key_unusable',
      message: expect.stringMatching(
        /belongs to root, and .* may not read it: run the program as root \(docker run --user\), or run "chown/,
      ) as string,
    });
    chownSync(path, NOBODY, NOBODY);
    chmodSync(path, 0o200);
    expect(asNobody(path)).toMatchObject({
      code: 'key_unusable',
      message: expect.stringMatching(/owns it but may not read it: run "chmod 600/) as string,
    });
    chmodSync(path, 0o600);
    expect(asNobody(path)).toEqual({ kid: readKeyFile(path)?.publicKey.kid, warnings: [] });
  });

  it.runIf(CAN_CHANGE_USER && CAN_MOUNT)(
    'key file - a mount that is read-only is found by a user who may not write the file',
    () => {
      const at = folder();
      chmodSync(at, 0o755);
      const path = join(at, 'a.key');
      makeKeyFile(path);
      // Others than its owner may write it: the group, which this user is not in.
      chmodSync(path, 0o624);
      expect(asNobody(path)).toMatchObject({
        code: 'key_unusable',
        message: expect.stringContaining('written by other users') as string,
      });
      mountBound(path, path);
      run('mount', '-o', 'remount,bind,ro', path);
      expect(asNobody(path)).toMatchObject({ warnings: [expect.stringContaining('other users may read')] });
    },
  );
});
