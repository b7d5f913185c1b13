// One registration at the enclave, from the body to the session: opens the envelope, spends its challenge, reads what was
// sealed, and hands it to the accounts. It overwrites the bytes that it has read, and repeats none of them.

import { decodeAccountRegistration } from '../domain/account-registration.ts';
import { decodeEnvelope } from '../domain/decode-envelope.ts';
import type { SessionRefusal, Sessions, StartedSession } from '../domain/enclave-api.ts';
import type { Envelope, EnvelopeFault, EnvelopeMetadata } from '../domain/envelope.ts';

/** What a registration needs of the enclave. */
export interface RegistrationParts {
  readonly sessions: Pick<Sessions, 'register'>;
  /** The plain text of an envelope, or why it has none. */
  open(envelope: Envelope): Promise<Uint8Array | EnvelopeFault>;
  /** True for a challenge of this process that has not ended and was not spent: it is spent then. */
  spendChallenge(text: string): boolean;
  nowMs(): number;
}

const FETCH_AGAIN = 'fetch the attestation again, and seal the credentials for it';

const ENVELOPE_FAULTS: Readonly<Record<EnvelopeFault, string>> = {
  unknown_kid: `the envelope is sealed for another key, because the enclave was started anew: ${FETCH_AGAIN}`,
  not_opened:
    'the envelope cannot be opened: it was altered on its way, or its client seals it in another way (info, aad or suite)',
};

/** Takes the text of a request's body. `earlierToken`: of the session that this one replaces; null without one. */
export async function register(
  text: string,
  earlierToken: string | null,
  parts: RegistrationParts,
): Promise<StartedSession | SessionRefusal> {
  const envelope = decodeEnvelope(text);
  if ('fault' in envelope) return refused(envelope.code, envelope.fault);
  const plain = await parts.open(envelope);
  if (typeof plain === 'string') return refused(plain, ENVELOPE_FAULTS[plain]);
  try {
    return await registerOpened(plain, envelope.metadata, earlierToken, parts);
  } finally {
    plain.fill(0);
  }
}

function registerOpened(
  plain: Uint8Array,
  metadata: EnvelopeMetadata,
  earlierToken: string | null,
  { sessions, spendChallenge, nowMs }: RegistrationParts,
): Promise<StartedSession | SessionRefusal> | SessionRefusal {
  // Only here is it known that the challenge came from whoever sealed the envelope.
  if (!spendChallenge(metadata.challenge))
    return refused(
      'challenge_refused',
      `the challenge was used before, or its five minutes are over: ${FETCH_AGAIN}`,
    );
  const registration = decodeAccountRegistration(plain, metadata, nowMs());
  if ('fault' in registration) return refused('bad_request', registration.fault);
  return sessions.register(registration, earlierToken);
}

function refused(code: string, reason: string): SessionRefusal {
  return { status: 400, code, reason };
}
