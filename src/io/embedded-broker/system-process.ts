// Processes by their id: whether one runs, what it is, and how it is ended. Never signals a process whose command line
// has not been checked by the caller or that the caller did not start.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Whether the process runs; one that has ended and was not yet reaped does not. Its first thread ends before the
 * others, which still hold the ports then.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // `pid (name) state …`: the name may hold anything, hence the last parenthesis.
  const status = readProcFile(pid, 'stat');
  const isZombie = status !== null && status.slice(status.lastIndexOf(')')).charAt(2) === 'Z';
  return !isZombie || threadCount(pid) > 1;
}

/** Its command line, or an empty text when it cannot be read. */
export function commandLine(pid: number): string {
  const fromProc = readProcFile(pid, 'cmdline');
  if (fromProc !== null) return fromProc.replaceAll('\0', ' ').trim();
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

/** What its standard output goes to, as a path that leads there; only Linux has one. */
export function outputOf(pid: number): string {
  return `/proc/${pid}/fd/1`;
}

/** The id in a pid file, or null. */
export function readPidFile(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** SIGTERM, then SIGKILL after `patienceMs`; resolves when the process is gone. */
export async function endProcess(pid: number, patienceMs: number): Promise<void> {
  sendSignal(pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < patienceMs && isRunning(pid); waitedMs += POLL_MS) await wait(POLL_MS);
  if (!isRunning(pid)) return;
  sendSignal(pid, 'SIGKILL');
  while (isRunning(pid)) await wait(POLL_MS);
}

/** Ends the process at once and waits for nothing. */
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
