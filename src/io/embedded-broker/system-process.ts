// Processes by their id: whether one runs, what it is, and how to end it. It signals only a process that the caller
// started or whose command line the caller has checked.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * True if the process runs; false for one that has ended but is not reaped yet. The first thread of a process ends
 * before the others, which still hold its ports; then the process counts as running.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // The format is `pid (name) state …`. The name may contain anything, so the last parenthesis ends it.
  const status = readProcFile(pid, 'stat');
  const isZombie = status !== null && status.slice(status.lastIndexOf(')')).charAt(2) === 'Z';
  return !isZombie || threadCount(pid) > 1;
}

/** The command line of a process; empty if it cannot be read. */
export function commandLine(pid: number): string {
  const fromProc = readProcFile(pid, 'cmdline');
  if (fromProc !== null) return fromProc.replaceAll('\0', ' ').trim();
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

/** A path to the file of the process's standard output; only Linux has such a path. */
export function outputOf(pid: number): string {
  return `/proc/${pid}/fd/1`;
}

/** The id in a pid file; null if there is none. */
export function readPidFile(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** Sends SIGTERM, and SIGKILL after `patienceMs`; resolves when the process is gone. */
export async function endProcess(pid: number, patienceMs: number): Promise<void> {
  sendSignal(pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < patienceMs && isRunning(pid); waitedMs += POLL_MS) await wait(POLL_MS);
  if (!isRunning(pid)) return;
  sendSignal(pid, 'SIGKILL');
  while (isRunning(pid)) await wait(POLL_MS);
}

/** Kills the process without waiting. */
export function killProcess(pid: number): void {
  sendSignal(pid, 'SIGKILL');
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function threadCount(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function readProcFile(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return null;
  }
}
