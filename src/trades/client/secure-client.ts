// A user's side of the enclave: it lets the enclave prove what it is, seals credentials for the keys that are proven, and
// reads the account's figures. It keeps neither credentials nor tokens.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import type { KeyWarning } from '../domain/account.ts';
import { KEY_WARNINGS } from '../domain/account-reasons.ts';
import { decodeAccountRegistration } from '../domain/account-registration.ts';
import type { EnvelopeMetadata } from '../domain/envelope.ts';
import { askEnclave, type EnclaveReply } from './enclave-http.ts';
import type { AttestationPolicy, TrustedRoots } from './policy.ts';
import { sealCredentials, type SealedText } from './seal-credentials.ts';
import { type Attested, type NotAttested, verifyAttestation } from './verify-attestation.ts';

/** Which enclave, and what it must prove. */
export interface SecureClientOptions {
  /** Without a slash at its end, as `enclaveUrlOf` gives it. */
  readonly url: string;
  readonly policy: AttestationPolicy;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Default: those of the manufacturers. */
  readonly roots?: TrustedRoots;
  /** For each request; default 120 s. */
  readonly timeoutMs?: number;
}

/** An attestation as it was fetched, and what became of it. */
export interface FetchedAttestation {
  /** The body of the answer. */
  readonly answer: unknown;
  /** That was sent. */
  readonly nonce: Uint8Array;
  readonly verdict: Attested | NotAttested;
}

/** What is registered. */
export interface UserRegistration {
  readonly exchange: string;
  /** A name for people; may be empty. */
  readonly label: string;
  /** Seconds until the session ends. */
  readonly ttl: number;
  readonly sealed: SealedText;
  /** The token of a session whose key this one replaces, so that the account continues. */
  readonly earlierToken?: string;
}

/** A session that began. */
export interface UserSession {
  readonly sessionId: string;
  /** Who has it may read the account's figures and end the session. */
  readonly sessionToken: string;
  /** ISO time. */
  readonly expiresAt: string;
  /** What the enclave proved. */
  readonly attested: Attested;
  /** What the key's owner should know. */
  readonly warnings: readonly KeyWarning[];
  /** ISO time; null if the key never expires, or if the exchange does not say. */
  readonly keyExpires: string | null;
}

const NONCE_BYTES = 32;
/** Characters of a sentence of the enclave that are shown. */
const SHOWN_MAX = 300;
const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/;
const SESSION_TOKEN = /^[!-~]{16,512}$/;

/** Speaks with one enclave. */
export class SecureClient {
  readonly #options: SecureClientOptions;

  constructor(options: SecureClientOptions) {
    this.#options = options;
  }

  /** Asks for an attestation with a fresh nonce and judges it. Errors: `no_answer`; `not_attested` without one. */
  async attest(): Promise<FetchedAttestation> {
    const { policy, clock, roots } = this.#options;
    const nonce = randomBytes(NONCE_BYTES);
    const reply = await this.#ask('GET', `/attestation?nonce=${nonce.toString('base64url')}`);
    if (reply.status !== 200) {
      throw new CodedError('not_attested', `The enclave gives no attestation (${refusalOf(reply)}).`);
    }
    const question = { nonce, policy, nowMs: clock.nowMs(), ...(roots === undefined ? {} : { roots }) };
    return { answer: reply.body, nonce, verdict: await verifyAttestation(reply.body, question) };
  }

  /**
   * Registers an account with an enclave that has just proven itself; nothing is sent to any other. Errors: `usage` for
   * what no enclave would take, `no_answer`, `not_attested`, `not_registered`.
   */
  async register(registration: UserRegistration): Promise<UserSession> {
    const { exchange, label, ttl, sealed, earlierToken } = registration;
    requireTakeable(sealed, { exchange, label, ttl, challenge: '' }, this.#options.clock.nowMs());
    const { verdict } = await this.attest();
    if (verdict.type === 'refused') throw new CodedError('not_attested', verdict.reason);
    const envelope = await sealCredentials(
      sealed,
      { publicKey: verdict.keys.hpkePublicKey, kid: verdict.hpkeKid },
      { exchange, label, ttl, challenge: verdict.challenge },
    );
    const reply = await this.#ask('POST', '/enclave/submit_key', earlierToken, envelope);
    if (reply.status !== 200) {
      throw new CodedError('not_registered', `The enclave refused the registration (${refusalOf(reply)}).`);
    }
    return { ...readSession(reply.body), attested: verdict };
  }

  /** The account's figures by market, as the enclave gives them. Errors: `no_answer`; `not_found` if no session runs. */
  getMetrics(token: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#read('/enclave/metrics', token);
  }

  /** The account's figures and how it is, as the enclave gives them. Errors: `no_answer`, `not_found`. */
  getSummary(token: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#read('/enclave/summary', token);
  }

  /** Ends the session: the enclave destroys the credentials. Errors: `no_answer`, `not_found`. */
  async end(token: string): Promise<void> {
    const reply = await this.#ask('DELETE', '/enclave/session', token);
    if (reply.status !== 204 && reply.status !== 200) throw notFound(reply);
  }

  async #read(path: string, token: string): Promise<Readonly<Record<string, unknown>>> {
    const reply = await this.#ask('GET', path, token);
    if (reply.status !== 200 || !isObject(reply.body)) throw notFound(reply);
    return reply.body;
  }

  #ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    token?: string,
    body?: unknown,
  ): Promise<EnclaveReply> {
    const { url, timeoutMs } = this.#options;
    const asked = {
      method,
      path,
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    };
    return askEnclave(url, asked, timeoutMs);
  }
}

/** The rules by which the enclave reads the sealed text. */
function requireTakeable(sealed: SealedText, metadata: EnvelopeMetadata, nowMs: number): void {
  const plain = Buffer.from(JSON.stringify(sealed), 'utf8');
  const read = decodeAccountRegistration(plain, metadata, nowMs);
  plain.fill(0);
  if ('fault' in read) throw new CodedError('usage', `The registration is wrong: ${read.fault}.`);
}

function readSession(body: unknown): Omit<UserSession, 'attested'> {
  const {
    session_id: sessionId,
    session_token: sessionToken,
    expires_at: expiresAt,
    warnings = [],
    key_expires: keyExpires,
  } = isObject(body) ? body : {};
  const isSession =
    isWord(sessionId, SESSION_ID) &&
    isWord(sessionToken, SESSION_TOKEN) &&
    isTime(expiresAt) &&
    Array.isArray(warnings);
  if (!isSession) {
    throw new CodedError('not_registered', 'The enclave answered the registration with no session.');
  }
  return {
    sessionId,
    sessionToken,
    expiresAt: new Date(expiresAt).toISOString(),
    warnings: (warnings as readonly unknown[]).filter(isKeyWarning),
    keyExpires: isTime(keyExpires) ? new Date(keyExpires).toISOString() : null,
  };
}

/** Words that a later enclave may have are left out. */
function isKeyWarning(value: unknown): value is KeyWarning {
  return typeof value === 'string' && Object.hasOwn(KEY_WARNINGS, value);
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && Number.isFinite(Date.parse(value));
}

function isWord(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** Only 401 and 404 say that there is no session; after any other answer it may still run. */
function notFound(reply: EnclaveReply): CodedError {
  return reply.status === 401 || reply.status === 404
    ? new CodedError(
        'not_found',
        'The enclave knows no such session: it has ended, or the enclave was started anew.',
      )
    : new CodedError('no_answer', `The enclave gives no figures at the moment (${refusalOf(reply)}).`);
}

/** Status and sentence of an answer, without what a terminal would obey. */
function refusalOf({ status, body }: EnclaveReply): string {
  const sentence = isObject(body) && typeof body['error'] === 'string' ? body['error'] : '';
  const shown = sentence.slice(0, SHOWN_MAX).replaceAll(/[^ -~]/g, '?');
  return shown === '' ? `status ${status}` : `status ${status}: ${shown}`;
}
