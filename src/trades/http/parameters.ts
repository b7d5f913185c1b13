// The parameters of the page's routes as schemas, and the queries made from checked parameters.

import { BadRequest } from '../../http/answers.ts';
import { query, type QueryOf, text, TIME_PARAMETER, wholeNumber, word } from '../../http/parameter.ts';
import { DAY_MS } from '../../lib/durations.ts';
import type { BucketQuery, OutboxQuery } from '../domain/questions.ts';

/** Maximum number of rows of a table in one answer. */
export const TABLE_ROWS_MAX = 200;

/**
 * Error codes of this program's refusals with their statuses, in addition to those of every program; `docs/errors.md`
 * lists them.
 */
export const TRADES_ERRORS = {
  bad_client: 400,
  bad_limit: 400,
  bad_state: 400,
  bad_before: 400,
  plaintext_off: 403,
  wrong_state: 409,
  too_many_jobs: 429,
  not_ingested: 502,
  not_sealed: 503,
  no_enclave: 503,
} as const;

const HOUR_MS = 3_600_000;

/** What a client id or the name of an exchange may be: printable text, which can be signed. */
export const NAME = text(/^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u, 'bad_client', '1 to 128 printable characters');

/** The query string of the chart. */
export const BUCKETS_QUERY = query({
  from: { ...TIME_PARAMETER, description: 'Start, rounded down to the hour; 7 days before `to` if absent' },
  to: { ...TIME_PARAMETER, description: 'End, rounded up to the hour; now if absent' },
  client: { ...NAME, description: 'Only this client; all if absent' },
});

/** Makes the query of the chart. `nowMs` is this machine's clock. Errors: `bad_time`. */
export function bucketQuery(asked: QueryOf<typeof BUCKETS_QUERY>, nowMs: number): BucketQuery {
  const toMs = Math.ceil((asked.to === undefined ? nowMs : Date.parse(asked.to)) / HOUR_MS) * HOUR_MS;
  const from = asked.from === undefined ? toMs - 7 * DAY_MS : Date.parse(asked.from);
  const fromMs = Math.floor(from / HOUR_MS) * HOUR_MS;
  if (fromMs >= toMs) throw new BadRequest('bad_time', 'from must be before to (to is now if absent)');
  return { fromMs, toMs, clientId: asked.client ?? null };
}

const LIMIT = {
  ...wholeNumber(1, TABLE_ROWS_MAX, 'bad_limit'),
  default: 50,
  description: 'Maximum number of rows in the answer',
} as const;

/** The query string of the outbox. */
export const OUTBOX_QUERY = query({
  state: {
    ...word(['all', 'waiting', 'delivered', 'dead'], 'bad_state'),
    default: 'all',
    description: 'Only summaries in this state',
  },
  before: {
    ...wholeNumber(1, 999_999_999, 'bad_before'),
    description: 'Only summaries with a lower id; the newest if absent',
  },
  limit: LIMIT,
});

/** Makes the query of the outbox. */
export function outboxQuery({ state, before, limit }: QueryOf<typeof OUTBOX_QUERY>): OutboxQuery {
  return { state: state === 'all' ? null : state, beforeId: before ?? null, limit };
}

/** The query string of the other tables. */
export const ROWS_QUERY = query({ limit: LIMIT });
