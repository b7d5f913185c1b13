// What the command `enclave` starts: keys and hardware are opened here, and another enclave at the same place is found. It is
// loaded only for a start, so that the other commands load quickly.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Program } from '../../cli/until-signal.ts';
import type { LossyLog } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/folder.ts';
import { getText } from '../../lib/http-get.ts';
import { isObject } from '../../lib/is-object.ts';
import { reachedAt } from '../../lib/own-address.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { EnclaveSettings } from '../config/enclave-settings.ts';
import { createNitroProducer } from '../enclave/attestation/nitro.ts';
import { noProducer } from '../enclave/attestation/none.ts';
import type { Producer } from '../enclave/attestation/producer.ts';
import { openTsmProducer } from '../enclave/attestation/tsm.ts';
import { EnvelopeKey } from '../enclave/keys/envelope-key.ts';
import { openSealKey } from '../enclave/keys/open-seal-key.ts';
import type { SealKey } from '../enclave/keys/seal-key.ts';
import { enclaveAt } from '../enclave/link/enclave-at.ts';
import { createEnclave, type EnclaveApp } from '../threads/enclave-main.ts';
import { ENCLAVE_RUNS_ALREADY } from '../threads/enclave-process.ts';

/** Time in which whoever holds the port says who it is, in ms. */
const HOLDER_MS = 2_000;

/**
 * Opens keys and hardware. Returns the function that makes the enclave, or an exit code if an enclave with the same seal key
 * runs already. Errors: `key_unusable`, `attestation_failed`; `port_in_use` if an enclave with another seal key runs.
 */
export async function startableEnclave(
  settings: EnclaveSettings,
  log: LossyLog,
  stop: () => void,
): Promise<number | ((fatal: (error: CodedError) => void) => Program)> {
  makePlace(settings.socketPath);
  const sealKey = await openedSealKey(settings, log);
  if (await isRunning(settings, sealKey, log)) return ENCLAVE_RUNS_ALREADY;
  const envelopeKey = await EnvelopeKey.create();
  const producer = await producerOf(settings, envelopeKey);
  return (fatal) => {
    const app = createEnclave(settings, { log, sealKey, envelopeKey, producer, stop, fatal });
    return { start: () => startedAt(app, settings), stop: () => app.stop(), kill: () => app.kill() };
  };
}

/** The log says when a key was made, because accounts cannot continue without it. */
async function openedSealKey({ sealKey: source }: EnclaveSettings, log: LossyLog): Promise<SealKey> {
  const missing = source !== null && 'file' in source && !existsSync(source.file) ? source.file : null;
  const key = await openSealKey(source, systemTimers);
  if (missing !== null) {
    log.info(
      `seal key: made ${missing}; keep it, and apart from the database, because accounts cannot continue without it`,
    );
  }
  return key;
}

/** The folder of the socket is made by whichever of the two processes starts first. */
function makePlace(socketPath: string): void {
  const folder = dirname(socketPath);
  try {
    makeFolder(folder);
  } catch (error) {
    throw new CodedError(
      'folder_not_writable',
      `The folder ${JSON.stringify(folder)} of ENCLAVE_SOCKET cannot be made (${errorCode(error) ?? 'no code'}): make it, or set ENCLAVE_SOCKET to another place.`,
      { cause: error },
    );
  }
}

async function isRunning({ socketPath }: EnclaveSettings, sealKey: SealKey, log: LossyLog): Promise<boolean> {
  const other = await enclaveAt(socketPath, { clock: systemClock, timers: systemTimers });
  if (other === null) return false;
  if (other.sealId === sealKey.sealId) {
    log.info(`enclave: process ${other.processId} is an enclave with this seal key, and stays`);
    return true;
  }
  throw new CodedError(
    'port_in_use',
    `ENCLAVE_SOCKET ${JSON.stringify(socketPath)} is held by process ${other.processId}, an enclave with another seal key: stop it, or set ENCLAVE_SOCKET and ENCLAVE_PORT to a free place.`,
  );
}

async function producerOf({ attestation }: EnclaveSettings, { publicKey }: EnvelopeKey): Promise<Producer> {
  if (attestation.source === 'tsm') return openTsmProducer();
  if (attestation.source === 'nitro')
    return createNitroProducer(attestation.url, Buffer.from(publicKey, 'base64url'));
  return noProducer;
}

/** Starts it; if another program holds the port, the error says which, where that program tells. */
async function startedAt(app: EnclaveApp, { listen }: EnclaveSettings): Promise<unknown> {
  try {
    return await app.start();
  } catch (error) {
    const isTaken = error instanceof CodedError && error.code === 'port_in_use';
    const holder = isTaken ? await holderOf(listen.host, listen.port) : null;
    if (!isTaken || holder === null) throw error;
    throw new CodedError(error.code, `${error.message} Process ${holder} holds it, which is an enclave.`, {
      cause: error,
    });
  }
}

/** Process id of the enclave at the port; null if no enclave answers there. */
async function holderOf(host: string, port: number): Promise<number | null> {
  try {
    const { text } = await getText(`http://${reachedAt(host)}:${port}/health`, HOLDER_MS, true);
    const answer: unknown = JSON.parse(text);
    const id = isObject(answer) && 'seal_id' in answer ? answer['process_id'] : null;
    return typeof id === 'number' ? id : null;
  } catch {
    return null;
  }
}
