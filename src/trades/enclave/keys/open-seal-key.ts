// Where the seal key comes from: a command, a file, or nowhere, and then it lives in memory only.

import type { Timers } from '../../../lib/timers.ts';
import { SealKey } from './seal-key.ts';
import { runSealKeyCommand } from './seal-key-command.ts';
import { readOrMakeSealKeyFile } from './seal-key-file.ts';

/**
 * The file of the key (`ENCLAVE_SEAL_KEY`), made if it does not exist, or the command that prints it
 * (`ENCLAVE_SEAL_KEY_COMMAND`); null for a key in memory only.
 */
export type SealKeySource = { readonly file: string } | { readonly command: string } | null;

/** The seal key. Errors: `key_unusable`. */
export async function openSealKey(source: SealKeySource, timers: Timers): Promise<SealKey> {
  if (source === null) return SealKey.temporary();
  const bytes =
    'file' in source ? readOrMakeSealKeyFile(source.file) : await runSealKeyCommand(source.command, timers);
  const key = new SealKey(bytes, false);
  bytes.fill(0);
  return key;
}
