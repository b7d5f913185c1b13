// Where the log file of the settings is, as the log takes it.

import type { LogFilePlace } from '../../io/log-file.ts';
import type { LoggingConfig } from '../config/config.ts';

const BYTES_PER_MIB = 1_048_576;

/** The place of the log file; null for none. */
export function logFilePlace({ file, maxSizeMib, maxFiles }: LoggingConfig): LogFilePlace | null {
  return file === null ? null : { path: file, sizeBytes: maxSizeMib * BYTES_PER_MIB, files: maxFiles };
}
