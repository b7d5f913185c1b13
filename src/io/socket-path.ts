// The path of a Unix socket, which the kernel limits. It touches no file.

import { relative, resolve } from 'node:path';

/** Maximum length of a socket's path: the kernel's field is one byte longer, for the final zero byte. */
export const SOCKET_PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;

/** The path relative or absolute, whichever is shorter, and whether it is short enough for a socket. */
export function socketPath(path: string): { readonly path: string; readonly isShortEnough: boolean } {
  const absolute = resolve(path);
  const fromHere = relative(process.cwd(), absolute);
  const shorter = Buffer.byteLength(fromHere) < Buffer.byteLength(absolute) ? fromHere : absolute;
  return { path: shorter, isShortEnough: Buffer.byteLength(shorter) <= SOCKET_PATH_BYTES_MAX };
}
