// Makes this process one that gives nothing away when it crashes or is looked at: it becomes the same command once more, with
// other options of Node and without core files. It reads no setting.

import { readFileSync } from 'node:fs';
import type { Environment } from '../../config/environment.ts';
import { HARDENING } from '../threads/enclave-process.ts';

/** A shell sets the limit, for Node cannot; then it becomes Node again, with the same process id. */
const WITHOUT_CORE = 'ulimit -c 0; exec "$0" "$@"';

/** Returns if this process is hardened already; else it becomes one that is, and calls the same command. */
export function becomeHardened(env: Environment): void {
  const missing = HARDENING.filter((option) => !process.execArgv.includes(option));
  // Where there is no such call (Windows), the process stays as it is.
  if ((missing.length === 0 && isWithoutCore()) || process.execve === undefined) return;
  const [script = '', ...args] = process.argv.slice(1);
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const node = [process.execPath, ...process.execArgv, ...missing, script, ...args];
  process.execve('/bin/sh', ['sh', '-c', WITHOUT_CORE, ...node], Object.fromEntries(set));
}

/** True where no core file can be written; true too where the system does not tell, because nobody could set it there. */
function isWithoutCore(): boolean {
  try {
    return /^Max core file size +0 +0 /m.test(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return true;
  }
}
