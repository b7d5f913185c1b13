// `register-user --attestation-only`: shows what an enclave proves, or what a saved answer proved at its time. Nothing is
// registered.

import { readFileSync, statSync } from 'node:fs';
import { rowsText } from '../../cli/screen.ts';
import { print } from '../../cli/output.ts';
import { systemClock } from '../../lib/clock.ts';
import { thumbprint } from '../../lib/ed25519.ts';
import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import { parseStrict } from '../../lib/strict-json.ts';
import type { AttestationPolicy } from '../client/policy.ts';
import type { FetchedAttestation, SecureClient } from '../client/secure-client.ts';
import { type Attested, type NotAttested, verifyAttestation } from '../client/verify-attestation.ts';

/** Length of a saved answer, in bytes. */
const SAVED_BYTES_MAX = 524_288;
const JSON_BOUNDS = { charactersMax: SAVED_BYTES_MAX, depthMax: 8, valuesMax: 1_000 } as const;

/** What is shown. */
export interface AttestationShow {
  readonly policy: AttestationPolicy;
  /** A saved answer; null asks the enclave. */
  readonly file: string | null;
  /** When a saved answer is judged, in ms since 1970; null: now. */
  readonly atMs: number | null;
  readonly isJson: boolean;
}

/** Prints the attestation and returns the exit code. Errors: `no_answer`, `not_attested`, `not_found`. */
export async function showAttestation(client: SecureClient, show: AttestationShow): Promise<number> {
  const { answer, nonce, verdict } =
    show.file === null ? await client.attest() : await judgeSaved(show.file, show);
  if (show.isJson) {
    const saved = { nonce: Buffer.from(nonce).toString('base64url'), answer, verdict: verdictOf(verdict) };
    print(`${JSON.stringify(saved)}\n`);
    return verdict.type === 'attested' ? 0 : 1;
  }
  if (verdict.type === 'refused') throw new CodedError('not_attested', verdict.reason);
  print(attestedText(verdict));
  return 0;
}

/** What an attestation proves, one line each. */
export function attestedText({ platform, measured, keys }: Attested): string {
  return rowsText([
    [
      'platform',
      platform === 'none'
        ? 'none: no trusted hardware proves anything, and the operator can read the keys'
        : platform,
    ],
    ...measured.map((value) => ['measured', value] as const),
    ['version', keys.version],
    ['settings', keys.configDigest],
    // As summaries, logs and the list of keys name it.
    ['signs with', thumbprint(keys.signingPublicKey)],
  ]);
}

async function judgeSaved(
  file: string,
  { policy, atMs }: Pick<AttestationShow, 'policy' | 'atMs'>,
): Promise<FetchedAttestation> {
  const saved = readSaved(file);
  const nonce = Buffer.from(saved.nonce, 'base64url');
  const question = { nonce, policy, nowMs: systemClock.nowMs(), ...(atMs === null ? {} : { atMs }) };
  return { answer: saved.answer, nonce, verdict: await verifyAttestation(saved.answer, question) };
}

function readSaved(file: string): { readonly nonce: string; readonly answer: unknown } {
  let value: unknown;
  try {
    const text = statSync(file).size <= SAVED_BYTES_MAX ? readFileSync(file, 'utf8') : '';
    value = parseStrict(text, JSON_BOUNDS);
  } catch (error) {
    throw noAnswer(file, error);
  }
  if (!isObject(value) || typeof value['nonce'] !== 'string') throw noAnswer(file);
  return { nonce: value['nonce'], answer: value['answer'] };
}

function noAnswer(file: string, cause?: unknown): CodedError {
  const what = `${file} cannot be read as an attestation that --attestation-only --json printed.`;
  return new CodedError('not_found', what, { cause });
}

function verdictOf(verdict: Attested | NotAttested) {
  return verdict.type === 'attested'
    ? { attested: true, platform: verdict.platform, measured: verdict.measured }
    : { attested: false, kind: verdict.kind, reason: verdict.reason };
}
