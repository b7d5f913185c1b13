// The routes of the enclave: its attestation, registrations, and what the owner of a session may read and end. A token
// is read from the header `Authorization` only; nothing that was sent is repeated.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BadRequest, refuseWith, sendJson } from '../../http/answers.ts';
import type { QueryOf } from '../../http/parameter.ts';
import { CodedError } from '../../lib/errors.ts';
import { ACCOUNT_REASONS } from '../domain/account-reasons.ts';
import { type AttestationAnswer, NONCE_BYTES } from '../domain/attestation.ts';
import { ENVELOPE_BODY_BYTES_MAX } from '../domain/decode-envelope.ts';
import type { OwnAccount, SessionRefusal, Sessions, StartedSession } from '../domain/enclave-api.ts';
import { register, type RegistrationParts } from './enclave-registration.ts';
import { BAD_NONCE, ENCLAVE_ERRORS, type EnclaveErrorCode, type NONCE_QUERY } from './enclave-parameters.ts';
import * as schemas from './enclave-schemas.ts';
import { FailureLimit } from './failure-limit.ts';

/** Attestations under way at one time: the hardware makes a document in up to a few seconds. */
export const ATTESTATIONS_UNDER_WAY_MAX = 16;
/** Registrations under way at one time: each waits for its exchange. */
export const REGISTRATIONS_UNDER_WAY_MAX = 64;
/** Silence on a connection that waits for a registration, in ms: the exchange is asked about the keys meanwhile. */
export const REGISTRATION_SILENCE_MS = 120_000;

/** What the routes need of the enclave. */
export interface EnclaveRouteParts extends RegistrationParts {
  readonly sessions: Sessions;
  /** The answer for a nonce. Errors: `attestation_failed`. */
  attestation(nonce: Uint8Array): Promise<AttestationAnswer>;
  monotonicMs(): number;
  /** Called with the error of each attestation that failed. */
  failed(error: unknown): void;
}

/** Adds the routes. */
export function addEnclaveRoutes(app: FastifyInstance, parts: EnclaveRouteParts): void {
  addAttestation(app, parts);
  addRegistration(app, parts);
  addOwnRoutes(app, parts.sessions);
}

function addAttestation(app: FastifyInstance, parts: EnclaveRouteParts): void {
  let underWay = 0;
  const answer = async (
    request: FastifyRequest<{ Querystring: QueryOf<typeof NONCE_QUERY> }>,
    reply: FastifyReply,
  ) => {
    const nonce = nonceOf(request.query.nonce);
    if (underWay >= ATTESTATIONS_UNDER_WAY_MAX)
      return later(reply, 'busy', 'too many attestations are under way');
    underWay += 1;
    try {
      return sendJson(reply, JSON.stringify(await parts.attestation(nonce)));
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'attestation_failed') throw error;
      parts.failed(error);
      return later(reply, 'attestation_failed', 'the hardware gives no document at the moment');
    } finally {
      underWay -= 1;
    }
  };
  for (const path of ['/attestation', '/attestation/quote'])
    app.get(path, { schema: schemas.ATTESTATION }, answer);
}

/** The bytes have one spelling only. */
function nonceOf(text: string | undefined): Buffer {
  const nonce = Buffer.from(text ?? '', 'base64url');
  const isNonce = nonce.toString('base64url') === text;
  if (isNonce && nonce.length >= NONCE_BYTES.least && nonce.length <= NONCE_BYTES.most) return nonce;
  throw new BadRequest('bad_nonce', `nonce must be ${BAD_NONCE}`);
}

/** The parser and the hook hold for this route only. */
function addRegistration(app: FastifyInstance, parts: EnclaveRouteParts): void {
  const failures = new FailureLimit();
  let underWay = 0;
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    scope.addHook('onRequest', (request, reply, next) => {
      // Whatever a client calls the body, it is read as JSON; a malformed content type would be refused.
      request.raw.headers['content-type'] = 'application/json';
      if (failures.isBlocked(request.socket.remoteAddress, parts.monotonicMs()))
        later(reply.header('connection', 'close'), 'too_many_failures', TOO_MANY_FAILURES);
      else if (underWay >= REGISTRATIONS_UNDER_WAY_MAX)
        later(reply.header('connection', 'close'), 'busy', 'too many registrations are under way');
      else next();
    });
    const options = { schema: schemas.SUBMITTED_KEY, bodyLimit: ENVELOPE_BODY_BYTES_MAX };
    scope.post<{ Body: Buffer | undefined }>('/enclave/submit_key', options, async (request, reply) => {
      const body = request.body ?? Buffer.alloc(0);
      request.raw.socket.setTimeout(REGISTRATION_SILENCE_MS);
      underWay += 1;
      try {
        const outcome = await register(body.toString('utf8'), tokenOf(request), parts);
        if ('sessionToken' in outcome) return await sendSession(reply, outcome, parts.sessions);
        if (outcome.status < 500) failures.note(request.socket.remoteAddress, parts.monotonicMs());
        return sendRefusal(reply, outcome);
      } finally {
        underWay -= 1;
        body.fill(0);
      }
    });
    done();
  });
}

const TOO_MANY_FAILURES = 'too many registrations from this address have failed: wait a minute';

/** A session whose client has gone is ended, because nobody has its token. */
async function sendSession(
  reply: FastifyReply,
  { sessionId, sessionToken, expiresAtMs, warnings, keyExpiresAtMs }: StartedSession,
  sessions: Pick<Sessions, 'end'>,
): Promise<FastifyReply> {
  if (reply.raw.destroyed) {
    await sessions.end(sessionToken);
    return reply;
  }
  const session = {
    session_id: sessionId,
    session_token: sessionToken,
    expires_at: timeText(expiresAtMs),
    status: 'active',
  };
  const more = {
    ...(warnings.length > 0 && { warnings }),
    ...(keyExpiresAtMs !== null && { key_expires: timeText(keyExpiresAtMs) }),
  };
  return sendJson(reply, JSON.stringify({ ...session, ...more }));
}

function sendRefusal(reply: FastifyReply, { status, code, reason }: SessionRefusal): FastifyReply {
  if (status === 429 || status >= 500) reply.header('retry-after', '10');
  return refuseWith(reply, status, code, reason);
}

function addOwnRoutes(app: FastifyInstance, sessions: Sessions): void {
  app.get('/enclave/metrics', { schema: schemas.OWN_METRICS }, (request, reply) => {
    const own = ownOf(request, sessions);
    if (own === null) return unknownSession(reply, sessions);
    const { metrics, summary } = own;
    return sendJson(
      reply,
      JSON.stringify({ metrics, summary, session_expires: timeText(own.sessionExpiresAtMs) }),
    );
  });
  app.get('/enclave/summary', { schema: schemas.OWN_SUMMARY }, (request, reply) => {
    const own = ownOf(request, sessions);
    return own === null
      ? unknownSession(reply, sessions)
      : sendJson(reply, JSON.stringify(shownSummary(own)));
  });
  app.delete('/enclave/session', { schema: schemas.ENDED_SESSION }, async (request, reply) => {
    const token = tokenOf(request);
    if (token === null || !(await sessions.end(token))) return unknownSession(reply, sessions);
    return reply.code(204).send();
  });
}

function shownSummary({ summary, sessionExpiresAtMs, account }: OwnAccount): object {
  const { state, reason, exchangeCode, lastPollAtMs, unpolledMarkets, keyExpiresAtMs, isLocal } = account;
  return {
    summary,
    session_expires: timeText(sessionExpiresAtMs),
    account: {
      state,
      reason: reason === null ? null : ACCOUNT_REASONS[reason],
      reason_code: reason,
      exchange_code: exchangeCode,
      last_poll: lastPollAtMs === null ? null : timeText(lastPollAtMs),
      unpolled_markets: unpolledMarkets,
      key_expires: keyExpiresAtMs === null ? null : timeText(keyExpiresAtMs),
      local: isLocal,
    },
  };
}

const BEARER = /^Bearer +([^ ]{1,256}) *$/i;

function tokenOf(request: FastifyRequest): string | null {
  return BEARER.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

function ownOf(request: FastifyRequest, sessions: Pick<Sessions, 'own'>): OwnAccount | null {
  const token = tokenOf(request);
  return token === null ? null : sessions.own(token);
}

function unknownSession(reply: FastifyReply, { isResuming }: Pick<Sessions, 'isResuming'>): FastifyReply {
  if (isResuming) return later(reply, 'resuming', RESUMING);
  reply.header('www-authenticate', 'Bearer realm="enclave"');
  const reason =
    'no session with this token runs: it expired or was ended, or the header Authorization is missing';
  return refuseWith(reply, ENCLAVE_ERRORS.session_unknown, 'session_unknown', reason);
}

const RESUMING =
  'the enclave was started anew, and sessions go on when its service gives them back: do not register again yet';

/** Seconds after which to try again. */
const RETRY_SECONDS = { busy: '2', resuming: '2', attestation_failed: '5', too_many_failures: '60' } as const;

function later(
  reply: FastifyReply,
  code: keyof typeof RETRY_SECONDS & EnclaveErrorCode,
  reason: string,
): FastifyReply {
  return refuseWith(reply.header('retry-after', RETRY_SECONDS[code]), ENCLAVE_ERRORS[code], code, reason);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
