// A file that is open for reading, and the version of it by `stat`. A version changes with every write, and when the file
// is replaced, renamed or given other rights.

import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What `stat` says about a file. */
export interface FileVersion {
  /** Equal as long as the file has not changed. */
  readonly signature: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** False for folders, pipes and devices, which are not read. */
  readonly isFile: boolean;
}

/** The version that these statistics describe. */
export function versionOf(stats: BigIntStats): FileVersion {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return {
    signature: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
    bytes: Number(size),
    modifiedAtMs: Number(mtimeNs / 1_000_000n),
    isFile: stats.isFile(),
  };
}

/** Opens a file for reading. It does not wait for the writer of a pipe. */
export function openForReading(path: string): Promise<FileHandle> {
  // biome-ignore lint/suspicious/noBitwiseOperators: flags of open(2)
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** The version of the open file now. */
export async function currentVersion(handle: FileHandle): Promise<FileVersion> {
  return versionOf(await handle.stat({ bigint: true }));
}

/** The bytes from `from` to before `to`; fewer if the file ends before. */
export async function bytesBetween(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
