// The JSON Schemas (2020-12) of the enclave's routes, from which its `/api/openapi.json` is made. Words come from the
// domain.

import {
  array,
  COMPONENT,
  COUNT,
  errorSchema,
  FLAG,
  object,
  oneOf,
  readyzSchema,
  type Schema,
  TEXT,
  TEXT_OR_NULL,
  TIME,
  TIME_OR_NULL,
} from '../../http/schema.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { ACCOUNT_REASONS, KEY_WARNINGS } from '../domain/account-reasons.ts';
import { ENCLAVE_ERRORS, NONCE_QUERY } from './enclave-parameters.ts';
import { USER_METRIC, USER_TOTALS } from './schemas.ts';

/** The body of a refusal: accounts have codes of their own. */
const ERROR: Schema = {
  anyOf: [errorSchema(Object.keys(ENCLAVE_ERRORS), 'flat'), object({ error: TEXT, code: TEXT })],
};

/** Platforms of an enclave. */
const PLATFORM = oneOf(['none', 'nitro', 'sev-snp', 'tdx']);
const BINARY: Schema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]*$',
  description: 'base64url without padding',
};
const ONE = (value: number): Schema => ({ type: 'integer', const: value });

/** `GET /attestation`. */
export const ATTESTATION = {
  summary:
    'The keys of the enclave, the document of its hardware that binds them, and a challenge for one registration',
  querystring: NONCE_QUERY,
  response: {
    200: object({
      v: ONE(1),
      platform: PLATFORM,
      document: BINARY,
      hpke: object({ kem: ONE(32), kdf: ONE(1), aead: ONE(2), public_key: BINARY, kid: BINARY }),
      signing: object({ jwk: { type: 'object' }, kid: BINARY }),
      version: TEXT,
      config_digest: TEXT,
      challenge: BINARY,
      challenge_expires: TIME,
    }),
    503: ERROR,
  },
} as const;

/** `POST /enclave/submit_key`; its body is read as bytes, and checked by the domain. */
export const SUBMITTED_KEY = {
  summary: 'Registers an exchange account with credentials that are sealed for the enclave',
  response: {
    200: object(
      {
        session_id: TEXT,
        session_token: TEXT,
        expires_at: TIME,
        status: oneOf(['active']),
        warnings: array(oneOf(Object.keys(KEY_WARNINGS))),
        key_expires: TIME,
      },
      ['warnings', 'key_expires'],
    ),
    400: ERROR,
    403: ERROR,
    409: ERROR,
    413: ERROR,
    429: ERROR,
    502: ERROR,
    503: ERROR,
  },
} as const;

/** `GET /enclave/metrics`. */
export const OWN_METRICS = {
  summary: 'Figures of the markets of the session’s account; needs its token',
  response: {
    200: object({ metrics: array(USER_METRIC), summary: USER_TOTALS, session_expires: TIME }),
    401: ERROR,
    503: ERROR,
  },
} as const;

/** `GET /enclave/summary`. */
export const OWN_SUMMARY = {
  summary: 'Figures of all markets of the session’s account, and how it is polled; needs its token',
  response: {
    200: object({
      summary: USER_TOTALS,
      session_expires: TIME,
      account: object({
        state: oneOf(NODE_STATES),
        reason: TEXT_OR_NULL,
        reason_code: { enum: [...Object.keys(ACCOUNT_REASONS), null] },
        exchange_code: TEXT_OR_NULL,
        last_poll: TIME_OR_NULL,
        unpolled_markets: array(TEXT),
        key_expires: TIME_OR_NULL,
        local: FLAG,
      }),
    }),
    401: ERROR,
    503: ERROR,
  },
} as const;

/** `DELETE /enclave/session`. */
export const ENDED_SESSION = {
  summary: 'Ends the session: polling stops, and the credentials are dropped; needs its token',
  response: { 204: { type: 'null' }, 401: ERROR, 503: ERROR },
} as const;

/** `GET /health`. */
export const ENCLAVE_HEALTH = {
  summary: 'That HTTP answers, and which enclave it is',
  response: {
    200: object({
      status: oneOf(['ok']),
      timestamp: TIME,
      version: TEXT,
      platform: PLATFORM,
      process_id: COUNT,
      seal_id: TEXT,
      seal_key_temporary: FLAG,
    }),
  },
} as const;

/** `GET /readyz`. */
export const ENCLAVE_READYZ = readyzSchema({
  link: COMPONENT,
  seal_key: COMPONENT,
  hardware: COMPONENT,
  process: COMPONENT,
});
