// A file that holds a private Ed25519 key: PKCS#8 in PEM. It is made once and never changed. No error and no warning has
// text of the file.

import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../lib/error-code.ts';
import { type PublicJwk, publicJwkOf } from '../lib/ed25519.ts';
import { CodedError } from '../lib/errors.ts';
import { OWNER_ONLY, syncFolder } from '../lib/durable.ts';
import { isOnReadOnlyMount } from '../lib/read-only-mount.ts';
import { keyFileFault, unreadable } from './key-file-faults.ts';

/** A key that was read or made. */
export interface KeyFile {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicJwk;
  /** Sentences for the operator: whoever else may read the key. */
  readonly warnings: readonly string[];
}

const BYTES_MAX = 16_384;
const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o044;

/**
 * Reads the key; null if there is no file of this name. Errors: `key_unusable` if this user may not read the file, if
 * users other than its owner may write it and its file system is not mounted read-only, or if it holds no Ed25519 key.
 */
export function readKeyFile(path: string): KeyFile | null {
  const file = open(path);
  if (file === null) return null;
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw keyFileFault(path, stats.isDirectory() ? 'folder' : 'no_file');
    const isProtected = (stats.mode & WRITABLE_BY_OTHERS) === 0 || isOnReadOnlyMount(file, path);
    if (!isProtected) throw keyFileFault(path, 'writable');
    const warnings =
      (stats.mode & READABLE_BY_OTHERS) === 0
        ? []
        : [
            `other users may read the private key in ${path}, and could sign with it: run "chmod 600 ${path}" (for a file that is mounted into a container, on the host)`,
          ];
    const privateKey = parseKey(path, readText(path, file));
    const publicKey = publicJwkOf(privateKey);
    if (publicKey === null) throw keyFileFault(path, 'other_kind');
    return { privateKey, publicKey, warnings };
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a key in a new file that only this user may read and write. Returns when the disk has it. Errors: `key_exists` if
 * anything has this name, even a link that leads nowhere; `key_unusable` if the file cannot be made.
 */
export function makeKeyFile(path: string): KeyFile {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = publicJwkOf(privateKey);
  if (publicKey === null) throw new TypeError('an Ed25519 key was made');
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const file = create(path);
  try {
    // The mask of this process may have taken rights of the owner away.
    fchmodSync(file, OWNER_ONLY);
    writeAll(file, Buffer.from(text));
    fsyncSync(file);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(path, { force: true });
    throw notMade(path, error);
  } finally {
    closeSync(file);
  }
  return { privateKey, publicKey, warnings: [] };
}

function open(path: string): number | null {
  try {
    // Opening a pipe would otherwise wait for its writer.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw unreadable(path, error);
  }
}

function create(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY);
  } catch (error) {
    throw errorCode(error) === 'EEXIST' ? keyFileFault(path, 'exists') : notMade(path, error);
  }
}

function notMade(path: string, cause: unknown): CodedError {
  const why = errorCode(cause) ?? 'unknown error';
  return new CodedError(
    'key_unusable',
    `The key file ${path} cannot be made (${why}): check that its folder exists and that this user may write there, or name another file.`,
    { cause },
  );
}

function readText(path: string, file: number): string {
  const bytes = Buffer.alloc(BYTES_MAX + 1);
  try {
    const length = readSync(file, bytes, 0, bytes.length, 0);
    if (length > BYTES_MAX) throw keyFileFault(path, 'no_pem');
    return bytes.toString('latin1', 0, length);
  } catch (error) {
    throw error instanceof CodedError ? error : unreadable(path, error);
  } finally {
    bytes.fill(0);
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function parseKey(path: string, text: string): KeyObject {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  if (label === undefined) throw keyFileFault(path, text.trim() === '' ? 'empty' : 'no_pem');
  if (label === 'ENCRYPTED PRIVATE KEY') throw keyFileFault(path, 'encrypted');
  if (label !== 'PRIVATE KEY') throw keyFileFault(path, label.includes('PUBLIC') ? 'public' : 'other_kind');
  try {
    return createPrivateKey({ key: text, format: 'pem' });
  } catch {
    // The library's error is not kept: it could have been made from the text.
    throw keyFileFault(path, 'damaged');
  }
}
