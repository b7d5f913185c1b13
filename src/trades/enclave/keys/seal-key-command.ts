// Runs the command of the operator that gives the seal key, for example a call of a KMS: once, with a time limit. What it
// prints is a secret: this file puts none of it into an error or a log.

import { spawn } from 'node:child_process';
import { errorCode } from '../../../lib/error-code.ts';
import { CodedError } from '../../../lib/errors.ts';
import type { Timers } from '../../../lib/timers.ts';
import { readSealKeyText } from './seal-key-text.ts';

/** Time that the command has, in ms. */
export const SEAL_KEY_COMMAND_TIMEOUT_MS = 30_000;
/** Most that it may print, in bytes. */
export const SEAL_KEY_OUTPUT_BYTES_MAX = 4_096;

/**
 * Runs `/bin/sh -c command` and reads the key from its standard output; its standard error is discarded. Rejects with
 * `key_unusable` if it does not end with exit code 0 in time, or if what it printed is no key.
 */
export async function runSealKeyCommand(command: string, timers: Timers): Promise<Buffer> {
  const output = await outputOf(command, timers);
  const key = readSealKeyText(output);
  output.fill(0);
  if (key === null)
    throw fault('must print 32 random bytes, raw or as hex or base64, and printed something else');
  return key;
}

function outputOf(command: string, timers: Timers): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // A process group of its own, so that what the shell started ends with it.
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  const giveUp = (clause: string) => {
    reject(fault(clause));
    endGroup(child.pid);
  };
  const timer = timers.after(SEAL_KEY_COMMAND_TIMEOUT_MS, () =>
    giveUp(`did not end within ${SEAL_KEY_COMMAND_TIMEOUT_MS / 1_000} s`),
  );
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= SEAL_KEY_OUTPUT_BYTES_MAX) chunks.push(chunk);
    else giveUp(`printed more than ${SEAL_KEY_OUTPUT_BYTES_MAX} bytes`);
  });
  child.once('error', (error) => {
    timer.cancel();
    giveUp(`could not be started (${errorCode(error) ?? 'unknown error'})`);
  });
  child.once('close', (code, signal) => {
    timer.cancel();
    const output = Buffer.concat(chunks);
    for (const chunk of chunks) chunk.fill(0);
    if (code === 0) resolve(output);
    else reject(fault(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`));
  });
  return promise;
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function fault(clause: string): CodedError {
  return new CodedError(
    'key_unusable',
    `The command of ENCLAVE_SEAL_KEY_COMMAND ${clause}: run it by hand as the user of the enclave.`,
  );
}
