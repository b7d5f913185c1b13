// The JSON Schemas (2020-12) of the API of jobs and users, from which `/api/openapi.json` is made. Words come from the
// domain.

import {
  array,
  COUNT,
  errorSchema,
  FLAG,
  NUMBER,
  object,
  oneOf,
  type Schema,
  TEXT,
  TIME,
} from '../../http/schema.ts';
import { NAME, TRADES_ERRORS } from './parameters.ts';

/** SHA-256 of the signed bytes, in hex. */
export const DIGEST: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
/** The states of a job. */
export const JOB_STATUSES = ['collecting', 'processing', 'completed', 'failed'] as const;

/** The body of a refusal. */
export const ERROR = errorSchema(Object.keys(TRADES_ERRORS), 'flat');

const ID_PARAMETER = { type: 'object', properties: { id: TEXT } } as const;
const RESULT = object({
  digest: DIGEST,
  backend_response: { description: "The backend's answer: JSON if it was JSON, else text" },
  buckets_count: COUNT,
  trades_processed: COUNT,
});

/** The body of `POST /jobs` after its schema has checked it; null if there was none. */
export type OpenBody = {
  readonly client_id?: string | null;
  readonly exchange?: string | null;
} | null;

const NAME_OR_NULL = { ...NAME, type: ['string', 'null'] } as const;

/** `POST /jobs`. */
export const OPENED_JOB = {
  summary: 'Opens a job, which takes trades at its WebSocket',
  body: {
    type: ['object', 'null'],
    description: 'May be absent or empty',
    properties: { client_id: NAME_OR_NULL, exchange: NAME_OR_NULL },
  },
  response: {
    200: object({ job_id: TEXT, ws_url: TEXT, token: TEXT }, ['token']),
    429: ERROR,
  },
} as const;

/** `GET /jobs/:id`. */
export const SHOWN_JOB = {
  summary: 'A job at this moment',
  params: ID_PARAMETER,
  response: {
    200: object({ job_id: TEXT, status: oneOf(JOB_STATUSES), trades_count: COUNT, result: RESULT }, [
      'result',
    ]),
    401: ERROR,
    404: ERROR,
  },
} as const;

/** `POST /jobs/:id/process`. */
export const PROCESSED_JOB = {
  summary: 'Makes the summary of a job, once, and waits up to 30 s for the answer of the backend',
  params: ID_PARAMETER,
  response: {
    200: RESULT,
    401: ERROR,
    404: ERROR,
    409: ERROR,
    502: object({ error: TEXT, code: oneOf(['not_ingested']), digest: DIGEST, backend_error: TEXT }),
    503: ERROR,
  },
} as const;

const DONE = object({ success: FLAG, message: TEXT });

/** `POST /users`. */
export const REGISTERED = {
  summary: 'Registers an exchange account in plain text; off by default',
  body: { description: 'userId, exchange, apiKey, secret and options' },
  response: { 200: DONE, 400: ERROR, 403: ERROR, 409: ERROR, 429: ERROR, 503: ERROR },
} as const;

/** `DELETE /users/:id`. */
export const REMOVED = {
  summary: 'Ends the polling of an account',
  params: ID_PARAMETER,
  response: { 200: DONE, 403: ERROR, 503: ERROR },
} as const;

/** Figures of one market of a user. */
export const USER_METRIC = object({
  symbol: TEXT,
  volume: NUMBER,
  trades: COUNT,
  returnPct: NUMBER,
  returnUsd: NUMBER,
  totalFees: NUMBER,
  realizedPnL: NUMBER,
  totalTrades: COUNT,
  periodStart: TIME,
  periodEnd: TIME,
});

/** Figures of all markets of a user. */
export const USER_TOTALS = object({
  totalVolume: NUMBER,
  totalTrades: COUNT,
  totalReturnPct: NUMBER,
  totalReturnUsd: NUMBER,
  totalFees: NUMBER,
});

/** `GET /users/:id/metrics`. */
export const USER_METRICS = {
  summary: 'Figures of the markets of a user; empty for an unknown one',
  params: ID_PARAMETER,
  response: {
    200: object({
      metrics: array(USER_METRIC),
    }),
    403: ERROR,
    503: ERROR,
  },
} as const;

/** `GET /users/:id/summary`. */
export const USER_SUMMARY = {
  summary: 'Figures of all markets of a user; zeros for an unknown one',
  params: ID_PARAMETER,
  response: {
    200: object({
      summary: USER_TOTALS,
    }),
    403: ERROR,
    503: ERROR,
  },
} as const;

/** `GET /health`. */
export const HEALTH = {
  summary: 'That HTTP answers',
  response: { 200: object({ status: oneOf(['ok']), timestamp: TIME }) },
} as const;
