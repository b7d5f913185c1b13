// The error for a file that could not be written completely: a sentence with the cause and its remedy.

import { dirname } from 'node:path';
import { CodedError } from '../lib/errors.ts';
import { codeOf, refusalOf } from './refusal.ts';

/**
 * Makes the error `copy_failed`, which says that nothing was changed. `what` names the file at `target` in the
 * sentence.
 */
export function copyFailed(what: string, error: unknown, target: string): CodedError {
  return new CodedError(
    'copy_failed',
    `${what} could not be written (${codeOf(error)}), and nothing was changed: ${remedy(error, dirname(target))}.`,
    { cause: error },
  );
}

function remedy(error: unknown, folder: string): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return `make the folder ${folder}`;
  if (code === 'ENOTDIR') return `${folder} is not a folder, name another place`;
  const refusal = refusalOf(error);
  if (refusal === 'full') return `make room on the file system of ${folder}`;
  return refusal === 'not_writable' || refusal === 'missing'
    ? `make the folder ${folder} writable for this user, or name a file in one that is`
    : `make room on the disk, or make the folder ${folder} writable`;
}
