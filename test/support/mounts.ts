// A small file system of a test's own: mounted by root, or by anybody in a namespace of their own, where Linux allows it.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

type Way = 'directly' | 'in a namespace' | 'not at all';

function works(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

function findWay(): Way {
  const scratch = mkdtempSync(join(tmpdir(), 'aggregator-mounts-'));
  const mount = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', scratch] as const;
  try {
    if (works(...mount)) {
      execFileSync('umount', [scratch]);
      return 'directly';
    }
    return works('unshare', '-rm', ...mount) ? 'in a namespace' : 'not at all';
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** How this user may mount a file system here. */
export const MOUNTS: Way = findWay();

/** A file system of that size at `folder` until the test is over; the path by which this process reaches it. */
export async function mountSmall(folder: string, sizeBytes: number): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const mount = ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder];
  if (MOUNTS === 'directly') {
    execFileSync('mount', mount);
    onTestFinished(() => void execFileSync('umount', ['-l', folder]));
    return folder;
  }
  // The namespace lives as long as a process in it, whose root is reached from outside.
  const script = 'mount "$@" && touch "$0/.mounted" && exec sleep 1000';
  const holder = spawn('unshare', ['-rm', 'sh', '-c', script, folder, ...mount], { stdio: 'ignore' });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const reached = `/proc/${holder.pid}/root${folder}`;
  await until('the file system in the namespace', () => existsSync(join(reached, '.mounted')));
  rmSync(join(reached, '.mounted'));
  return reached;
}
