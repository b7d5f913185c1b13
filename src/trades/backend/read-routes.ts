// The routes that the page and scripts read: clients, one client, its summaries and its chart. They show what the thread
// answers, with times as UTC text; they compute nothing.

import type { FastifyInstance } from 'fastify';
import { BadRequest, refuse, sendTagged } from '../../http/answers.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import { query, type QueryOf, text, TIME_PARAMETER, wholeNumber, word } from '../../http/parameter.ts';
import { SharedAnswers, tagged, type TaggedText } from '../../http/shared-answers.ts';
import { timeText } from './view.ts';
import type { Finding } from './chain.ts';
import { CLIENT_SORTS, type ClientRow, type IngestQuestions, type SummaryRow } from './reports.ts';
import * as schemas from './schemas.ts';

/** Time in which clients that ask the same question get the same answer. */
const SHARED_ANSWER_MS = 1_000;
const DAY_MS = 86_400_000;

/** What the routes need. */
export interface ReadRouteParts {
  /** Errors: `worker_timeout`, `database_unusable`. */
  ask<Name extends keyof IngestQuestions>(
    name: Name,
    argument: IngestQuestions[Name]['argument'],
  ): Promise<IngestQuestions[Name]['answer']>;
  /** The live numbers. */
  current(): object;
  /** Changes with every summary that is stored: what was answered before is not shared with who asks afterwards. */
  version(): number;
  nowMs(): number;
  monotonicMs(): number;
}

/** Error codes of refused parameters, in addition to those of every program; `docs/errors.md` lists them. */
export const READ_CODES = ['bad_page', 'bad_search', 'bad_sort', 'bad_client'] as const;

const SORTS = CLIENT_SORTS.flatMap((sort) => [sort, `-${sort}`] as const);
const PAGE = {
  ...wholeNumber(1, 999_999_999, 'bad_page'),
  default: 1,
  description: 'Number of the page, from 1',
} as const;
const CLIENT = {
  ...wholeNumber(1, 999_999_999, 'bad_client'),
  description: 'Number of the client, from the list of clients',
} as const;

const CLIENTS_QUERY = query({
  q: {
    ...text(/^[^\p{Cc}]{0,150}$/u, 'bad_search', 'a part of a client id: up to 150 printable characters'),
    default: '',
    description: 'Only clients whose id contains this, in any case',
  },
  sort: {
    ...word(SORTS, 'bad_sort'),
    default: '-receivedAt',
    description: 'The order; with `-` in front, descending',
  },
  page: PAGE,
});
const CLIENT_QUERY = { ...query({ client: CLIENT }), required: ['client'] } as const;
const SUMMARIES_QUERY = { ...query({ client: CLIENT, page: PAGE }), required: ['client'] } as const;
const CHART_QUERY = {
  ...query({
    client: CLIENT,
    from: { ...TIME_PARAMETER, description: 'Start; 24 h before `to` if absent' },
    to: { ...TIME_PARAMETER, description: 'End; now if absent' },
  }),
  required: ['client'],
} as const;

const BUSY = { 503: schemas.ERROR };
const MAYBE_NONE = { 404: schemas.ERROR, ...BUSY };

/** An answer, shared by all who ask the same question within a moment. */
type Share = (question: string, make: () => Promise<unknown>) => Promise<TaggedText>;

/** Adds the routes. */
export function addReadRoutes(app: FastifyInstance, parts: ReadRouteParts): void {
  const answers = new SharedAnswers(parts.monotonicMs);
  const share: Share = (question, make) =>
    answers.get(`${parts.version()} ${question}`, SHARED_ANSWER_MS, make);
  const live = { summary: 'Live numbers', response: unlessUnchanged(schemas.LIVE) };
  app.get('/api/ingest/health', { schema: live }, (request, reply) =>
    sendTagged(request, reply, tagged(JSON.stringify({ at: timeText(parts.nowMs()), ...parts.current() }))),
  );
  app.get<{ Querystring: QueryOf<typeof CLIENTS_QUERY> }>(
    '/api/ingest/clients',
    {
      schema: {
        summary: 'The clients with their figures, a page at a time',
        querystring: CLIENTS_QUERY,
        response: { ...unlessUnchanged(schemas.CLIENTS), ...BUSY },
      },
    },
    async (request, reply) => {
      const { q: search, sort, page } = request.query;
      const argument = {
        search,
        sort: CLIENT_SORTS.find((each) => each === sort.replace('-', '')) ?? 'receivedAt',
        descending: sort.startsWith('-'),
        page,
      };
      const answer = await share(`clients ${JSON.stringify(argument)}`, async () => {
        const { rows, ...rest } = await parts.ask('clients', argument);
        return { rows: rows.map(clientText), ...rest };
      });
      return sendTagged(request, reply, answer);
    },
  );
  addClientRoutes(app, parts, share);
}

function addClientRoutes(app: FastifyInstance, parts: ReadRouteParts, share: Share): void {
  app.get<{ Querystring: { readonly client: number } }>(
    '/api/ingest/client',
    {
      schema: {
        summary: 'One client, with what was found in the line of its summaries',
        querystring: CLIENT_QUERY,
        response: { ...unlessUnchanged(schemas.CLIENT), ...MAYBE_NONE },
      },
    },
    async (request, reply) => {
      const { client } = request.query;
      const answer = await share(`client ${client}`, async () => {
        const report = await parts.ask('client', { client });
        if (report === null) return null;
        const { findings, firstReceivedMs, ...row } = report;
        const times = { firstReceivedAt: timeText(firstReceivedMs) };
        return { ...clientText(row), ...times, findings: findings.map(findingText) };
      });
      return answer.text === 'null' ? noClient(reply) : sendTagged(request, reply, answer);
    },
  );
  app.get<{ Querystring: { readonly client: number; readonly page: number } }>(
    '/api/ingest/summaries',
    {
      schema: {
        summary: 'The summaries of a client, the latest received first, a page at a time',
        querystring: SUMMARIES_QUERY,
        response: { ...unlessUnchanged(schemas.SUMMARIES), ...BUSY },
      },
    },
    async (request, reply) => {
      const { client, page } = request.query;
      const answer = await share(`summaries ${client} ${page}`, async () => {
        const { rows, ...rest } = await parts.ask('summaries', { client, page });
        return { rows: rows.map(summaryText), ...rest };
      });
      return sendTagged(request, reply, answer);
    },
  );
  addChartRoute(app, parts, share);
}

function addChartRoute(app: FastifyInstance, parts: ReadRouteParts, share: Share): void {
  type Query = {
    readonly client: number;
    readonly from: string | undefined;
    readonly to: string | undefined;
  };
  app.get<{ Querystring: Query }>(
    '/api/ingest/chart',
    {
      schema: {
        summary: 'Growth, drawdown and volume of a client over time',
        querystring: CHART_QUERY,
        response: { ...unlessUnchanged(schemas.CHART), ...MAYBE_NONE },
      },
    },
    async (request, reply) => {
      const { client, from, to } = request.query;
      const toMs =
        to === undefined ? Math.ceil(parts.nowMs() / SHARED_ANSWER_MS) * SHARED_ANSWER_MS : Date.parse(to);
      const fromMs = from === undefined ? toMs - DAY_MS : Date.parse(from);
      if (fromMs >= toMs) throw new BadRequest('bad_time', 'from must be before to (to is now if absent)');
      const question = `chart ${client} ${fromMs} ${toMs}`;
      const answer = await share(question, async () => {
        const chart = await parts.ask('chart', { client, fromMs, toMs });
        if (chart === null) return null;
        const { steps, ...rest } = chart;
        return { ...rest, steps: steps.map(({ atMs, ...step }) => ({ at: timeText(atMs), ...step })) };
      });
      return answer.text === 'null' ? noClient(reply) : sendTagged(request, reply, answer);
    },
  );
}

function noClient(reply: Parameters<typeof refuse>[0]) {
  return refuse(reply, 'not_found', 'there is no client with this number');
}

const timeOrNull = (atMs: number | null) => (atMs === null ? null : timeText(atMs));

function clientText({ receivedMs, periodStartMs, periodEndMs, ...row }: ClientRow) {
  return {
    ...row,
    receivedAt: timeText(receivedMs),
    periodStart: timeOrNull(periodStartMs),
    periodEnd: timeOrNull(periodEndMs),
  };
}

function findingText({ fromMs, toMs, ...finding }: Finding) {
  return { ...finding, from: timeOrNull(fromMs), to: timeOrNull(toMs) };
}

function summaryText({ periodStartMs, periodEndMs, receivedMs, ...row }: SummaryRow) {
  return {
    ...row,
    periodStart: timeText(periodStartMs),
    periodEnd: timeText(periodEndMs),
    receivedAt: timeText(receivedMs),
  };
}
