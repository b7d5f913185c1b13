// What `doctor` looks at on every machine: the runtime, SQLite, open files, memory, and whether the clock is kept right.

import { execFile } from 'node:child_process';
import { totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Environment } from '../config/environment.ts';
import { openFilesMax, RAISE_OWN_LIMIT, requireDescriptors } from '../lib/descriptors.ts';
import { programVersion } from '../lib/version.ts';
import { sqliteVersion } from '../store/database.ts';
import { type Check, type Finding, fail, ok, warn } from './finding.ts';
import { size } from './screen.ts';

/** The oldest Node that runs the program. */
const NODE_MAJOR_MIN = 24;
/** What a start opens at most, with the workers of a large machine. */
const DESCRIPTORS_NEEDED = 256;
/** With fewer, many connections of clients would use them up. */
const DESCRIPTORS_GOOD = 4_096;
/** With less memory than this a start succeeds, and a busy day may not. */
const MEMORY_GOOD_BYTES = 512 * 1_048_576;
const ASK_TIME_MAX_MS = 3_000;

/** The checks, in the order of their lines. */
export function machineChecks(env: Environment): readonly Check[] {
  return [
    { what: 'version', look: () => [ok('version', `this program is ${programVersion()}`)] },
    { what: 'Node', look: () => [nodeFinding(process.versions.node)] },
    { what: 'SQLite', look: () => [ok('SQLite', `${sqliteVersion()}, and its binary loads`)] },
    { what: 'open files', look: () => [openFiles()] },
    { what: 'memory', look: () => [memoryFinding(process.constrainedMemory(), totalmem())] },
    { what: 'clock', look: async () => [timeSyncFinding(await timeSyncOf(env))] },
  ];
}

/** Judges a version of Node. */
export function nodeFinding(version: string): Finding {
  return Number(version.split('.')[0]) >= NODE_MAJOR_MIN
    ? ok('Node', version)
    : fail('Node', `${version} is too old`, `install Node ${NODE_MAJOR_MIN} or newer`);
}

function openFiles(): Finding {
  requireDescriptors(DESCRIPTORS_NEEDED);
  const limit = openFilesMax();
  if (limit === null) return ok('open files', `${DESCRIPTORS_NEEDED} more can be opened`);
  return limit >= DESCRIPTORS_GOOD
    ? ok('open files', `the limit is ${limit}`)
    : warn('open files', `the limit is ${limit}, which many clients would use up`, RAISE_OWN_LIMIT);
}

/** Judges the memory that a control group allows (0 or more than the machine has: no limit), and that of the machine. */
export function memoryFinding(allowedBytes: number, machineBytes: number): Finding {
  const isLimited = allowedBytes > 0 && allowedBytes < machineBytes;
  const bytes = isLimited ? allowedBytes : machineBytes;
  const text = `${size(bytes)}${isLimited ? ' allowed' : ''}`;
  return bytes >= MEMORY_GOOD_BYTES
    ? ok('memory', text)
    : warn('memory', `only ${text}`, 'give it 512 MiB or more (docs/operations.md, Sizing)');
}

/** Whether a time service keeps the clock right; null if the machine does not say. */
export type TimeSync = 'yes' | 'no' | null;

async function timeSyncOf(env: Environment): Promise<TimeSync> {
  try {
    const words = ['show', '--property=NTPSynchronized', '--value'];
    const path = env['PATH'] ?? '/usr/bin:/bin';
    const { stdout } = await promisify(execFile)('timedatectl', words, {
      timeout: ASK_TIME_MAX_MS,
      env: { PATH: path },
    });
    const answer = stdout.trim();
    return answer === 'yes' || answer === 'no' ? answer : null;
  } catch {
    // A container or another system has no such service.
    return null;
  }
}

/** Judges what the machine says about its clock. */
export function timeSyncFinding(sync: TimeSync): Finding {
  if (sync === 'yes') return ok('clock', 'a time service keeps it right');
  if (sync === null) return ok('clock', 'this machine does not say whether a time service keeps it right');
  return warn('clock', 'no time service keeps it right', 'run one (systemd-timesyncd, chrony)');
}
