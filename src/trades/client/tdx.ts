// Asks a verifier of Intel TDX that the user names: this program has none of its own. It gets the document on standard
// input, and nonce and user data as arguments in hex; the document's REPORTDATA must be the SHA-512 of user data and
// nonce. Exit code 0 means that the verifier vouches for it.

import { spawn } from 'node:child_process';
import { requireThat } from './refusal.ts';

/** What the verifier is asked. */
export interface TdxQuestion {
  /** The program to start; null if the person named none, which is refused. */
  readonly verifier: string | null;
  readonly nonce: Uint8Array;
  readonly userData: Uint8Array;
}

const TIMEOUT_MS = 30_000;
/** Length of a quote. */
const TDX_DOCUMENT_BYTES_MAX = 65_536;
/** What the verifier finds in its environment: nothing of this process, which may have secrets in its own. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** Resolves if the verifier vouches for the document. Rejects with `RefusedError`. */
export async function verifyTdx(
  document: Uint8Array,
  { verifier, nonce, userData }: TdxQuestion,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  requireThat(
    verifier !== null,
    'no_policy',
    'This program cannot check attestations of TDX itself: name a verifier that can.',
  );
  requireThat(
    document.length > 0 && document.length <= TDX_DOCUMENT_BYTES_MAX,
    'malformed',
    'The attestation is no quote of TDX.',
  );
  const code = await exitCodeOf(verifier, [hex(nonce), hex(userData)], document, timeoutMs);
  requireThat(
    code !== null,
    'verifier_failed',
    'The verifier of TDX could not be started, or did not end in time.',
  );
  requireThat(code === 0, 'verifier_failed', 'The verifier of TDX does not vouch for the attestation.');
}

/** Null if it could not be started, or was ended by a signal. */
function exitCodeOf(
  file: string,
  args: readonly string[],
  input: Uint8Array,
  timeoutMs: number,
): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], {
      env: ENVIRONMENT,
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    child.once('error', () => resolve(null));
    child.once('exit', (code) => resolve(code));
    // A verifier may answer before it has read everything.
    child.stdin.once('error', () => undefined);
    child.stdin.end(input);
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
