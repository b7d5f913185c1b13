// Says whether credentials may be sealed for the keys in an attestation. Whatever it does not know, or the policy does
// not name, is refused. It asks no server: revocation lists of the manufacturers are not read.

import { type BoundKeys, NONCE_BYTES, userDataOf } from '../domain/attestation.ts';
import type { Platform } from '../domain/enclave-link.ts';
import { type ReadAnswer, readAttestationAnswer } from './attestation-answer.ts';
import { verifyNitro } from './nitro.ts';
import { NITRO_ROOT } from './nitro-document.ts';
import type { AttestationPolicy, TrustedRoots } from './policy.ts';
import { type RefusalKind, RefusedError, requireThat } from './refusal.ts';
import { AMD_ROOTS, verifySnp } from './sev-snp.ts';
import { verifyTdx } from './tdx.ts';

/** An attestation that holds. */
export interface Attested {
  readonly type: 'attested';
  /** `none` only if the policy allows it: then nothing is proven. */
  readonly platform: Platform;
  readonly keys: BoundKeys;
  readonly hpkeKid: string;
  readonly challenge: string;
  /** What was measured, in hex: PCR0 to PCR2, or the launch measurement; empty if the hardware's verifier is another's. */
  readonly measured: readonly string[];
}

/** An attestation that does not hold, with one sentence for people. */
export interface NotAttested {
  readonly type: 'refused';
  readonly kind: RefusalKind;
  readonly reason: string;
}

/** What an attestation is judged by. */
export interface AttestationQuestion {
  /** As it was sent: 16 to 64 bytes. */
  readonly nonce: Uint8Array;
  readonly policy: AttestationPolicy;
  /** The present time, in ms since 1970. */
  readonly nowMs: number;
  /** For an answer that was kept: the time at which it is judged, in ms since 1970. Its challenge is not looked at. */
  readonly atMs?: number;
  /** Default: those of the manufacturers. */
  readonly roots?: TrustedRoots;
}

const MANUFACTURERS: TrustedRoots = { nitro: [NITRO_ROOT], amd: AMD_ROOTS };

/** Judges the parsed answer to `GET /attestation`. Rejects only for a defect. */
export async function verifyAttestation(
  answer: unknown,
  question: AttestationQuestion,
): Promise<Attested | NotAttested> {
  try {
    const read = readAttestationAnswer(answer);
    const { length } = question.nonce;
    requireThat(
      length >= NONCE_BYTES.least && length <= NONCE_BYTES.most,
      'wrong_nonce',
      `A nonce has ${NONCE_BYTES.least} to ${NONCE_BYTES.most} bytes.`,
    );
    const { platform, measured } = await judge(read, question);
    requireThat(
      question.atMs !== undefined || question.nowMs < read.challengeExpiresMs,
      'stale',
      "The challenge of the attestation has expired: ask again, and check this machine's clock.",
    );
    const { keys, hpkeKid, challenge } = read;
    return { type: 'attested', platform, keys, hpkeKid, challenge, measured };
  } catch (error) {
    if (error instanceof RefusedError) return { type: 'refused', kind: error.kind, reason: error.message };
    throw error;
  }
}

async function judge(
  { platform, document, keys }: ReadAnswer,
  { nonce, policy, nowMs, atMs = nowMs, roots = MANUFACTURERS }: AttestationQuestion,
): Promise<Pick<Attested, 'platform' | 'measured'>> {
  const bound = { nonce, userData: userDataOf(keys), atMs };
  switch (platform) {
    case 'none':
      requireThat(
        document.length === 0,
        'malformed',
        'The attestation says that it has no document, and has one.',
      );
      requireThat(
        policy.allowsUnattested,
        'unattested',
        'The enclave runs on no trusted hardware (platform "none"): its operator can read the credentials.',
      );
      return { platform, measured: [] };
    case 'nitro':
      return {
        platform,
        measured: verifyNitro(document, { ...bound, pcrs: policy.pcrs, trustedRoots: roots.nitro }),
      };
    case 'sev-snp': {
      const { measurements, minimumTcb, amdCertificates: certificates } = policy;
      const expected = { ...bound, measurements, minimumTcb, certificates, trustedRoots: roots.amd };
      return { platform, measured: [verifySnp(document, expected)] };
    }
    case 'tdx':
      await verifyTdx(document, { ...bound, verifier: policy.tdxVerifier });
      return { platform, measured: [] };
    default:
      throw new RefusedError(
        'unknown_platform',
        'The attestation is of a platform that this program does not know.',
      );
  }
}
