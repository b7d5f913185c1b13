// The dashboard's routes: `/stats` and `/health` as on the miners' port, and `/api/mining/…` for its page. They show what
// a worker or another part answers; they compute nothing themselves.

import type { FastifyInstance } from 'fastify';
import { sendTagged } from '../../http/answers.ts';
import { sendAnswer } from '../../http/health.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import type { QueryOf } from '../../http/parameter.ts';
import { TEXT } from '../../http/schema.ts';
import { SharedAnswers, tagged } from '../../http/shared-answers.ts';
import type { CapacityHistory, MinerVerdicts, Rounds, SpanQuery, VerdictQuery } from '../domain/dashboard.ts';
import { TABLES, tablePage } from '../domain/tables.ts';
import type { MiningView } from '../domain/view.ts';
import type { MiningAnswers } from './answers.ts';
import {
  SHARED_SPAN_MS,
  SPAN_QUERY,
  spanQuery,
  TABLE_QUERY,
  tableQuery,
  VERDICTS_QUERY,
  verdictQuery,
} from './parameters.ts';
import * as schemas from './schemas.ts';
import type { SharedStatistics } from './shared-statistics.ts';

/** Time in which clients that ask the pool the same question get the same answer. */
export const SHARED_ANSWER_MS = 1_000;

/** What the routes need from the program. */
export interface MiningParts {
  view(): MiningView;
  readonly statistics: SharedStatistics;
  /** Rounds, capacity and verdicts, from a worker. Errors: `worker_timeout`, `database_unusable`. */
  rounds(query: SpanQuery): Promise<Rounds>;
  capacity(query: SpanQuery): Promise<CapacityHistory>;
  verdicts(query: VerdictQuery): Promise<readonly MinerVerdicts[]>;
  nowMs(): number;
  monotonicMs(): number;
}

const BUSY = { 503: schemas.ERROR };

/** Adds the routes. `answers` are those of the miners' port; `current` makes the live numbers. */
export function addMiningRoutes(
  app: FastifyInstance,
  parts: MiningParts,
  answers: MiningAnswers,
  current: () => object,
): void {
  const shared = new SharedAnswers(parts.monotonicMs);
  addPlainRoutes(app, parts, answers, current);
  addTableRoutes(app, parts, shared);
  addChartRoutes(app, parts, shared);
}

function addPlainRoutes(
  app: FastifyInstance,
  parts: MiningParts,
  answers: MiningAnswers,
  current: () => object,
): void {
  const stats = {
    summary: 'Statistics, as on the port of the miners',
    response: { 200: schemas.STATS },
  };
  app.get('/stats', { schema: stats }, (_request, reply) => sendAnswer(reply, answers.stats()));
  const health = { summary: 'The text OK', produces: ['text/plain'], response: { 200: TEXT } };
  app.get('/health', { schema: health }, (_request, reply) => sendAnswer(reply, answers.health()));
  const live = { summary: 'Live numbers', response: unlessUnchanged(schemas.HEALTH) };
  app.get('/api/mining/health', { schema: live }, (request, reply) => {
    const at = new Date(parts.nowMs()).toISOString();
    return sendTagged(request, reply, tagged(JSON.stringify({ at, ...current() })));
  });
}

const TABLE_SUMMARIES = {
  machines: 'The machines of the last 24 h with their accounts, a page at a time',
  accounts: 'The accounts of the last 24 h with their machines, a page at a time',
  miners:
    'Each account at each machine of the last 24 h, with what became of its submissions, a page at a time',
} as const;

function addTableRoutes(app: FastifyInstance, parts: MiningParts, shared: SharedAnswers): void {
  for (const table of TABLES) {
    app.get<{ Querystring: QueryOf<typeof TABLE_QUERY> }>(
      `/api/mining/${table}`,
      {
        schema: {
          summary: TABLE_SUMMARIES[table],
          querystring: TABLE_QUERY,
          response: { ...unlessUnchanged(schemas.TABLE), ...BUSY },
        },
      },
      async (request, reply) => {
        const query = tableQuery(request.query);
        const question = `${table} ${JSON.stringify(query)}`;
        const make = async () => tablePage(parts.statistics.latest().document, table, query);
        return sendTagged(request, reply, await shared.get(question, SHARED_ANSWER_MS, make));
      },
    );
  }
}

function addChartRoutes(app: FastifyInstance, parts: MiningParts, shared: SharedAnswers): void {
  const charts = [
    ['rounds', 'The best time of every block', schemas.ROUNDS],
    ['capacity', 'Capacity over time', schemas.CAPACITY],
  ] as const;
  for (const [chart, summary, schema] of charts) {
    app.get<{ Querystring: QueryOf<typeof SPAN_QUERY> }>(
      `/api/mining/${chart}`,
      { schema: { summary, querystring: SPAN_QUERY, response: { ...unlessUnchanged(schema), ...BUSY } } },
      async (request, reply) => {
        const query = spanQuery(request.query, parts.nowMs());
        const question = `${chart} ${JSON.stringify(query)}`;
        const ask = (): Promise<unknown> => parts[chart](query);
        return sendTagged(request, reply, await shared.get(question, SHARED_SPAN_MS, ask));
      },
    );
  }
  app.get<{ Querystring: QueryOf<typeof VERDICTS_QUERY> }>(
    '/api/mining/verdicts',
    {
      schema: {
        summary: 'What became of the submissions of each account at each machine, in whole hours of a span',
        querystring: VERDICTS_QUERY,
        response: { ...unlessUnchanged(schemas.MINER_VERDICTS), ...BUSY },
      },
    },
    async (request, reply) => {
      const query = verdictQuery(request.query, parts.nowMs());
      const make = async () => ({ miners: await parts.verdicts(query) });
      const answer = await shared.get(`verdicts ${JSON.stringify(query)}`, SHARED_SPAN_MS, make);
      return sendTagged(request, reply, answer);
    },
  );
}
