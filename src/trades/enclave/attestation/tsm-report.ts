// One report of configfs-tsm: its folder is made, used and removed. It knows no hardware.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { errorCode } from '../../../lib/error-code.ts';
import { CodedError } from '../../../lib/errors.ts';
import { attestationFailed } from './producer.ts';

const FOLDER = '/sys/kernel/config/tsm/report';

/** The calls of the file system that a report takes. */
export type TsmFiles = Record<'mkdir' | 'rmdir', (path: string) => Promise<unknown>> & {
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly writeFile: (path: string, data: Uint8Array) => Promise<void>;
};

/** The text of a file, without its line end. */
export async function textOf(files: TsmFiles, path: string): Promise<string> {
  return (await files.readFile(path)).toString('latin1').trim();
}

/**
 * Calls `use` with the paths of a new report's files; afterwards the report is removed. Errors: `attestation_failed` for
 * whatever the system says.
 */
export async function withReport<T>(
  files: TsmFiles,
  use: (path: (file: string) => string) => Promise<T>,
): Promise<T> {
  const folder = join(FOLDER, `aggregator-${randomBytes(8).toString('hex')}`);
  try {
    await files.mkdir(folder);
    try {
      return await use((file) => join(folder, file));
    } finally {
      await files.rmdir(folder);
    }
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw attestationFailed(`configfs-tsm says ${errorCode(error) ?? 'an unknown error'}`, error);
  }
}
