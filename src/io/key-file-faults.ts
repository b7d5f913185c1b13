// The sentences for a key file that cannot be used: each names the file, the fault and the remedy. They have no text of
// the file.

import { COMMAND_NAME } from '../lib/command-name.ts';
import { barredFolder, foreignFile } from '../lib/denied-access.ts';
import { errorCode } from '../lib/error-code.ts';
import { CodedError } from '../lib/errors.ts';

/** What can be wrong with a key file. */
export type KeyFileFault =
  | 'exists'
  | 'folder'
  | 'no_file'
  | 'writable'
  | 'empty'
  | 'no_pem'
  | 'encrypted'
  | 'public'
  | 'other_kind'
  | 'damaged';

const MAKE_ONE = `make a key with "${COMMAND_NAME} keygen --out FILE" and name that file`;

/** By fault: what is wrong, and what to do about it. */
const SENTENCES: Readonly<Record<Exclude<KeyFileFault, 'exists'>, (path: string) => string>> = {
  folder: () =>
    `is a folder: Docker makes a folder where the file of a mount does not exist on the host; remove the folder there, and ${MAKE_ONE}`,
  no_file: () => `is no regular file: ${MAKE_ONE}`,
  writable: (path) =>
    `may be written by other users, who could put their own key there: run "chmod 600 ${path}", or mount its file system read-only`,
  empty: () => `is empty: remove it, and ${MAKE_ONE}`,
  no_pem: () =>
    `holds no PEM text: it must be a private key in PKCS#8 PEM ("BEGIN PRIVATE KEY"); ${MAKE_ONE}`,
  encrypted: (path) =>
    `is encrypted with a password: write it without one (openssl pkey -in ${path} -out FILE, with umask 077) and name that file`,
  public: () => `holds a public key: name the file with its private key, or ${MAKE_ONE}`,
  other_kind: () => `holds a key that is no Ed25519 private key in PKCS#8 PEM: ${MAKE_ONE}`,
  damaged: () => `is damaged: its PEM text holds no private key; put a copy of the file back, or ${MAKE_ONE}`,
};

/** The error for a fault. Its code is `key_exists` for the first fault, else `key_unusable`. */
export function keyFileFault(path: string, fault: KeyFileFault): CodedError {
  if (fault === 'exists') {
    return new CodedError(
      'key_exists',
      `${path} exists already, and no key was made: name another file, or move this one away if nothing was signed with it.`,
    );
  }
  return new CodedError('key_unusable', `The key file ${path} ${SENTENCES[fault](path)}.`);
}

/** The error for a file that the system does not let this user read. */
export function unreadable(path: string, cause: unknown): CodedError {
  return new CodedError('key_unusable', `The key file ${path} cannot be read: ${reasonOf(path, cause)}.`, {
    cause,
  });
}

function reasonOf(path: string, cause: unknown): string {
  const code = errorCode(cause) ?? 'unknown error';
  if (code !== 'EACCES' && code !== 'EPERM') return `the system says ${code}; check the path and the disk`;
  const barred = barredFolder(path);
  if (barred !== null)
    return `this user may not enter the folder ${barred}: run "chmod +x ${barred}", or name another file`;
  const file = foreignFile([path]);
  if (file === null || file.isOwn) return `this user owns it but may not read it: run "chmod 600 ${path}"`;
  return `it belongs to ${file.owner}, and ${file.user}, who runs this program, may not read it: run the program as ${file.owner} (docker run --user), or run "chown ${file.user} ${path}"`;
}
