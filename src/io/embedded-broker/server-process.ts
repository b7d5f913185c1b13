// One run of nats-server: a child of this process, or a process left over from an earlier run. It never restarts the
// server; supervision.ts does.

import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openLog } from './log-file.ts';
import { endProcess, isRunning } from './system-process.ts';

const STOP_PATIENCE_MS = 2_000;
const POLL_MS = 250;

/**
 * `ended` resolves with the way in which the process ended, and never rejects. `end` resolves when the process is gone.
 */
export interface ServerProcess {
  readonly pid: number;
  readonly ended: Promise<string>;
  /** Size of the log, in bytes, before this run. */
  readonly logOffset: number;
  end(): Promise<void>;
}

/** The command to run, and the file for its output. */
export interface ServerCommand {
  readonly binary: string;
  readonly configurationFile: string;
  readonly logFile: string;
  /** PATH of the child. The child gets no other variable, so that no secret is in its environment. */
  readonly searchPath: string;
}

/** Starts a child in a process group of its own, so that a Ctrl-C does not end it before the program's last write. */
export function startServer({
  binary,
  configurationFile,
  logFile,
  searchPath,
}: ServerCommand): ServerProcess {
  const { descriptor, offset } = openLog(logFile);
  const child = spawn(binary, ['-c', configurationFile], {
    detached: true,
    stdio: ['ignore', descriptor, descriptor],
    env: { PATH: searchPath },
  });
  closeSync(descriptor);
  // The child must not keep the process alive if the program gives up without stopping it; `end` keeps it alive with a
  // timer.
  child.unref();
  let isOver = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(`could not be run (${error.code ?? 'error'})`),
    );
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }).finally(() => {
    isOver = true;
  });
  const end = async (): Promise<void> => {
    if (isOver || child.pid === undefined) return;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    const keepAlive = setInterval(() => {}, STOP_PATIENCE_MS);
    await ended;
    clearTimeout(kill);
    clearInterval(keepAlive);
  };
  return { pid: child.pid ?? 0, ended, logOffset: offset, end };
}

/**
 * Watches a process that is not a child of this process, by polling. The caller has verified that it is the program's
 * nats-server.
 */
export function adoptServer(pid: number): ServerProcess {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  let isOver = false;
  const over = (how: string): void => {
    isOver = true;
    clearInterval(timer);
    resolve(how);
  };
  const timer = setInterval(() => {
    if (!isRunning(pid)) over('it is gone');
  }, POLL_MS).unref();
  const end = async (): Promise<void> => {
    if (isOver) return;
    await endProcess(pid, STOP_PATIENCE_MS);
    over('stopped');
  };
  return { pid, ended, logOffset: 0, end };
}
