// Tells whether an open file is on a file system that is mounted read-only. It writes nothing, not even to try.

import { accessSync, constants, readFileSync } from 'node:fs';
import { errorCode } from './error-code.ts';

/**
 * True if the mount through which the file was opened is read-only, so that no process that sees the file at this path
 * can change it there. The system says so to a user who may write the file; for another user Linux lists the mount. False
 * if neither tells: on macOS for a file that this user may not write.
 */
export function isOnReadOnlyMount(file: number, path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return errorCode(error) === 'EROFS' || isListedReadOnly(file);
  }
}

/** The mount of the open file is read-only by the list of this process's mounts. */
function isListedReadOnly(file: number): boolean {
  try {
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'utf8'))?.[1];
    // 36 35 98:0 /mnt1 /mnt2 ro,noatime shared:1 - ext3 /dev/root ro,errors=continue
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const fields = lines.find((line) => line.split(' ', 1)[0] === id)?.split(' ') ?? [];
    const ofMount = fields[5] ?? '';
    const ofFileSystem = fields.at(-1) ?? '';
    return [ofMount, ofFileSystem].some((options) => options.split(',').includes('ro'));
  } catch {
    return false;
  }
}
