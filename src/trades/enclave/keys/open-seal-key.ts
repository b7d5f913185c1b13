// Where the seal key comes from: a command, a file, or nowhere, and then it lives in memory only.

import type { Timers } from '../../../lib/timers.ts';
import { SealKey } from './seal-key.ts';
import { runSealKeyCommand } from './seal-key-command.ts';
import { readOrMakeSealKeyFile } from './seal-key-file.ts';

/** At most one of the two is set. */
export interface SealKeySource {
  /** `ENCLAVE_SEAL_KEY`: a file, made if it does not exist; null if unset. */
  readonly file: string | null;
  /** `ENCLAVE_SEAL_KEY_COMMAND`; null if unset. */
  readonly command: string | null;
}

/** The seal key, temporary if the source names none. Errors: `key_unusable`. */
export async function openSealKey({ file, command }: SealKeySource, timers: Timers): Promise<SealKey> {
  if (file === null && command === null) return SealKey.temporary();
  const bytes =
    command === null ? readOrMakeSealKeyFile(file ?? '') : await runSealKeyCommand(command, timers);
  const key = new SealKey(bytes, false);
  bytes.fill(0);
  return key;
}
