// File systems of a test's own. Root mounts them; another user does so in a namespace (`unshare -rm`), in which
// scripts/test.sh runs all tests where Linux allows it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Runs the program; throws if it fails. */
export function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

export function works(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'aggregator-mounts-'));
/** Whether this process may mount file systems here. */
export const CAN_MOUNT = works(() => {
  run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', scratch);
  run('umount', scratch);
});
rmSync(scratch, { recursive: true });

/** Mounts a file system of that size at `folder`, until the test is over. */
export function mountSmall(folder: string, sizeBytes: number): string {
  mkdirSync(folder, { recursive: true });
  run('mount', '-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder);
  onTestFinished(() => run('umount', '-l', folder));
  return folder;
}

/** The file or folder `from` is also at `to`, until the test is over. */
export function mountBound(from: string, to: string): void {
  run('mount', '--bind', from, to);
  onTestFinished(() => run('umount', '-l', to));
}
