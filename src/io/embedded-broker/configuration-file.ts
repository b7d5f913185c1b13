// Writes nats-server's configuration file. nats-server checks the text first, so no unchecked file is ever in place.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { OWNER_ONLY, renameDurably } from '../../lib/durable.ts';
import { CodedError } from '../../lib/errors.ts';

const run = promisify(execFile);
const CHECK_TIMEOUT_MS = 10_000;

/** The text of the current file; null if it cannot be read. */
export function readConfiguration(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/**
 * Writes the text to a second file (mode 0600), checks it with `nats-server -t` and renames it. Throws
 * `broker_start_failed` with the server's reason.
 */
export async function installConfiguration(binary: string, file: string, text: string): Promise<void> {
  const unchecked = `${file}.unchecked`;
  writeFileSync(unchecked, text, { mode: OWNER_ONLY });
  try {
    await run(binary, ['-t', '-c', unchecked], { timeout: CHECK_TIMEOUT_MS });
  } catch (error) {
    throw new CodedError(
      'broker_start_failed',
      `${binary} refuses the configuration made for it (${unchecked}): ${reasonIn(error)}`,
      { cause: error },
    );
  }
  renameDurably(unchecked, file);
}

function reasonIn(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  const line = (stderr ?? '').trim().split('\n').at(-1) ?? '';
  return line === '' ? 'it gave no reason.' : line.replace(/^nats-server:\s*/, '').slice(0, 300);
}
