// The page's own API under `/api/trades/`. It shows what a worker or another part answers; it computes nothing itself.

import type { FastifyInstance } from 'fastify';
import { sendTagged } from '../../http/answers.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import type { QueryOf } from '../../http/parameter.ts';
import { SharedAnswers, tagged } from '../../http/shared-answers.ts';
import type {
  BucketQuery,
  BucketSeries,
  ClientRow,
  ClientsQuery,
  OutboxQuery,
  OutboxRow,
} from '../domain/questions.ts';
import type { AccountRow } from '../domain/account.ts';
import type { JobRow } from '../domain/view.ts';
import { type ShownAccount, shownAccount } from './account-rows.ts';
import * as schemas from './page-schemas.ts';
import {
  BUCKETS_QUERY,
  bucketQuery,
  OUTBOX_QUERY,
  outboxQuery,
  ROWS_QUERY,
  TABLE_ROWS_MAX,
} from './parameters.ts';
import { ERROR } from './schemas.ts';

/** Time in which clients that ask the pool the same question get the same answer. */
export const SHARED_ANSWER_MS = 1_000;

/** What the routes need from the program. */
export interface PageRouteParts {
  /** The newest jobs, at most `limit`. */
  jobRows(limit: number): readonly JobRow[];
  /** The accounts as the enclave last told them. */
  accountRows(): readonly AccountRow[];
  /** From a worker. Errors: `worker_timeout`, `database_unusable`. */
  buckets(query: BucketQuery): Promise<BucketSeries>;
  outbox(query: OutboxQuery): Promise<readonly OutboxRow[]>;
  clients(query: ClientsQuery): Promise<readonly ClientRow[]>;
  nowMs(): number;
  monotonicMs(): number;
}

/** Those about which something can be done come first. */
const ACCOUNT_RANKS = ['stale', 'online', 'offline'];

const BUSY = { 503: ERROR };

/** Adds the routes. `current` makes the live numbers. */
export function addPageApi(app: FastifyInstance, parts: PageRouteParts, current: () => object): void {
  const shared = new SharedAnswers(parts.monotonicMs);
  const live = { summary: 'Live numbers', response: unlessUnchanged(schemas.LIVE) };
  app.get('/api/trades/health', { schema: live }, (request, reply) => {
    const at = timeText(parts.nowMs());
    return sendTagged(request, reply, tagged(JSON.stringify({ at, ...current() })));
  });
  addJobTable(app, parts);
  addAccountTable(app, parts);
  addOutboxTable(app, parts, shared);
  addChart(app, parts, shared);
}

function addJobTable(app: FastifyInstance, parts: PageRouteParts): void {
  const schema = {
    summary: 'The newest jobs, without their ids',
    querystring: ROWS_QUERY,
    response: unlessUnchanged(schemas.JOBS),
  };
  app.get<{ Querystring: QueryOf<typeof ROWS_QUERY> }>('/api/trades/jobs', { schema }, (request, reply) => {
    const rows = parts.jobRows(request.query.limit).map(shownJob);
    return sendTagged(request, reply, tagged(JSON.stringify({ rows })));
  });
}

function addAccountTable(app: FastifyInstance, parts: PageRouteParts): void {
  const schema = {
    summary: 'Exchange accounts, those in trouble first, without keys, symbols and amounts',
    querystring: ROWS_QUERY,
    response: unlessUnchanged(schemas.ACCOUNTS),
  };
  const rank = ({ state }: ShownAccount) => ACCOUNT_RANKS.indexOf(state);
  app.get<{ Querystring: QueryOf<typeof ROWS_QUERY> }>(
    '/api/trades/accounts',
    { schema },
    (request, reply) => {
      const rows = parts
        .accountRows()
        .map(shownAccount)
        .toSorted((one, other) => rank(one) - rank(other));
      return sendTagged(request, reply, tagged(JSON.stringify({ rows: rows.slice(0, request.query.limit) })));
    },
  );
}

function addOutboxTable(app: FastifyInstance, parts: PageRouteParts, shared: SharedAnswers): void {
  const schema = {
    summary: 'Summaries with what became of them, newest first',
    querystring: OUTBOX_QUERY,
    response: { ...unlessUnchanged(schemas.OUTBOX), ...BUSY },
  };
  app.get<{ Querystring: QueryOf<typeof OUTBOX_QUERY> }>(
    '/api/trades/outbox',
    { schema },
    async (request, reply) => {
      const query = outboxQuery(request.query);
      const make = async () => ({ rows: (await parts.outbox(query)).map(shownEntry) });
      const answer = await shared.get(`outbox ${JSON.stringify(query)}`, SHARED_ANSWER_MS, make);
      return sendTagged(request, reply, answer);
    },
  );
}

function addChart(app: FastifyInstance, parts: PageRouteParts, shared: SharedAnswers): void {
  const schema = {
    summary: 'Trades, volume and fees over time, from the hourly buckets of all summaries that are kept',
    querystring: BUCKETS_QUERY,
    response: { ...unlessUnchanged(schemas.BUCKETS), ...BUSY },
  };
  app.get<{ Querystring: QueryOf<typeof BUCKETS_QUERY> }>(
    '/api/trades/buckets',
    { schema },
    async (request, reply) => {
      const query = bucketQuery(request.query, parts.nowMs());
      const make = async () => seriesOf(await parts.buckets(query));
      const answer = await shared.get(`buckets ${JSON.stringify(query)}`, SHARED_ANSWER_MS, make);
      return sendTagged(request, reply, answer);
    },
  );
  const clients = {
    summary: 'Clients that have summaries, those with the latest first',
    response: { ...unlessUnchanged(schemas.CLIENTS), ...BUSY },
  };
  app.get('/api/trades/clients', { schema: clients }, async (request, reply) => {
    const make = async () => ({
      rows: (await parts.clients({ limit: TABLE_ROWS_MAX })).map(shownClient),
    });
    return sendTagged(request, reply, await shared.get('clients', SHARED_ANSWER_MS, make));
  });
}

function seriesOf({ stepMs, points }: BucketSeries): object {
  return {
    stepSecs: stepMs / 1000,
    at: points.map(({ atMs }) => timeText(atMs)),
    trades: points.map(({ trades }) => trades),
    volumeQuote: points.map(({ volumeQuote }) => volumeQuote),
    feesUsd: points.map(({ feesUsd }) => feesUsd),
  };
}

function shownJob({ createdAtMs, expiresAtMs, ...row }: JobRow): object {
  return { ...row, createdAt: timeText(createdAtMs), expiresAt: timeText(expiresAtMs) };
}

function shownEntry({ sealedAtMs, endedAtMs, ...row }: OutboxRow): object {
  const endedAt = endedAtMs === null ? null : timeText(endedAtMs);
  return { ...row, sealedAt: timeText(sealedAtMs), endedAt };
}

function shownClient({ lastSealedAtMs, ...row }: ClientRow): object {
  return { ...row, lastSealedAt: timeText(lastSealedAtMs) };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
