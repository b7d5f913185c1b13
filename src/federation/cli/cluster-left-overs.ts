// Processes that outlived an earlier `cluster up`, because it was killed: they hold ports and databases. This file ends them
// before a new start, and no process that it does not recognise.

import { commandLine, endProcess, isRunning } from '../../io/embedded-broker/system-process.ts';
import type { Log } from '../../io/log.ts';
import { readRunning } from './cluster-files.ts';

/** Time between SIGTERM and SIGKILL, in ms. */
const PATIENCE_MS = 5_000;

/** Ends every process that the folder's last `cluster up` left running. Whoever calls it holds the folder's lock. */
export async function endLeftOvers(root: string, log: Pick<Log, 'warn'>): Promise<void> {
  const running = readRunning(root);
  if (running === null) return;
  // Replicas commit while the brokers still answer.
  for (const group of [[running.splitter, ...running.replicas], running.brokers]) {
    const left = group.filter(({ pid }) => pid !== null && isOurs(pid, root));
    for (const { name, pid } of left)
      log.warn(`cluster: ${name} of an earlier start still runs (process ${pid}); it is ended`);
    await Promise.all(left.map(({ pid }) => endProcess(pid ?? 0, PATIENCE_MS)));
  }
}

/** The system may have given the id to another process; ours has the folder in its command line. */
function isOurs(pid: number, root: string): boolean {
  return isRunning(pid) && commandLine(pid).includes(`${root}/`);
}
