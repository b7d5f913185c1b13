// The HTTP API of the federation (specification, section 10): statistics, their history and distributions, nodes,
// health, limits. It only shows what a tick, a worker or another thread has computed; it never computes a statistic and
// never shows a location of a single node.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SHARED_HISTORY_MS } from './parameters.ts';
import type { NodeTrust } from '../domain/statistics.ts';
import type { History, HistoryQuery } from '../domain/history.ts';
import type { Limits } from '../domain/limits.ts';
import type { NodeHistory, NodePage, NodeQuery, ReportingShare } from '../domain/statistics.ts';
import type { Period } from '../domain/vocabulary.ts';
import { refuse, sendTagged } from '../../http/answers.ts';
import { barsOf } from './distributions.ts';
import {
  HISTORY_PARAMETERS,
  historyQuery,
  nodeQuery,
  NODES_PARAMETERS,
  PERIOD,
  periodOf,
} from './parameters.ts';
import type { LiveState } from './live-state.ts';
import { NO_STATISTICS } from './no-statistics.ts';
import { awaitingBody, type PeriodStatistics, rememberText } from './period-statistics.ts';
import type { Query } from '../../http/query.ts';
import * as schemas from './schemas.ts';
import { SharedAnswers, tagged } from '../../http/shared-answers.ts';

/** How long an answer of the pool is given to everybody who asks the same. */
export const SHARED_ANSWER_MS = 1_000;

/** What the API asks. What comes from a worker throws `worker_timeout` and `database_unusable`. */
export interface FederationParts {
  aggregatorId(): string;
  /** Of the latest tick, the same object until the next one; null before the first. */
  statistics(period: Period): PeriodStatistics | null;
  /** A page of the node list, from a worker. Past the last page: no nodes. */
  nodes(query: NodeQuery): Promise<NodePage>;
  /** One node with its transitions, from a worker; null if there is none. */
  node(nodeId: string): Promise<NodeHistory | null>;
  /** Nodes with a row, by who spoke last for them. */
  trust(): NodeTrust;
  /** From a worker. */
  history(query: HistoryQuery): Promise<History>;
  /** From a worker. */
  reporting(): Promise<ReportingShare>;
  /** As of now. */
  current(): LiveState;
  limits(): Limits;
  nowMs(): number;
  monotonicMs(): number;
}

const UNKNOWN = { 404: schemas.ERROR };
const BUSY = { 503: schemas.ERROR };

type Reading = FastifyRequest<{ Querystring: Query }>;

/** Adds the routes. */
export function addFederationRoutes(app: FastifyInstance, parts: FederationParts): void {
  const statisticsText = rememberText();
  const shared = new SharedAnswers(parts.monotonicMs);

  app.get(
    '/api/federation/network-stats',
    {
      config: {
        describes: {
          summary: 'The statistics of the latest tick, as published',
          parameters: [PERIOD],
          answer: schemas.NETWORK_STATS,
          tagged: true,
        },
      },
    },
    (request: Reading, reply) => {
      const period = periodOf(request.query);
      const statistics = parts.statistics(period);
      return sendTagged(
        request,
        reply,
        statistics === null
          ? tagged(JSON.stringify(awaitingBody(period, parts.aggregatorId(), parts.nowMs())))
          : statisticsText(statistics),
      );
    },
  );

  app.get(
    '/api/federation/distributions',
    {
      config: {
        describes: {
          summary: 'The distributions of the latest tick as bars, in order',
          parameters: [PERIOD],
          answer: schemas.DISTRIBUTIONS,
          tagged: true,
        },
      },
    },
    (request: Reading, reply) => {
      const period = periodOf(request.query);
      const statistics = parts.statistics(period);
      const body = {
        period,
        lastUpdated: statistics?.lastUpdated ?? null,
        distributions: barsOf(statistics?.data ?? NO_STATISTICS),
      };
      return sendTagged(request, reply, tagged(JSON.stringify(body)));
    },
  );

  app.get(
    '/api/federation/history',
    {
      config: {
        describes: {
          summary: 'The recorded statistics of a span of time, down-sampled',
          parameters: HISTORY_PARAMETERS,
          answer: schemas.HISTORY,
          tagged: true,
          otherwise: BUSY,
        },
      },
    },
    async (request: Reading, reply) => {
      const query = historyQuery(request.query, parts.nowMs());
      const answer = await shared.get(`history ${JSON.stringify(query)}`, SHARED_HISTORY_MS, () =>
        parts.history(query),
      );
      return sendTagged(request, reply, answer);
    },
  );

  app.get(
    '/api/federation/reporting',
    {
      config: {
        describes: {
          summary: 'The share of tasks that one node only has reported',
          answer: schemas.REPORTING,
          tagged: true,
          otherwise: BUSY,
        },
      },
    },
    async (request, reply) =>
      sendTagged(request, reply, await shared.get('reporting', SHARED_HISTORY_MS, () => parts.reporting())),
  );

  app.get(
    '/api/federation/health',
    {
      config: {
        describes: {
          summary: 'What is live: nodes by state, messages, ingest',
          answer: schemas.HEALTH,
          tagged: true,
        },
      },
    },
    (request, reply) => {
      const at = new Date(parts.nowMs()).toISOString();
      return sendTagged(request, reply, tagged(JSON.stringify({ at, ...parts.current() })));
    },
  );

  app.get(
    '/api/federation/nodes',
    {
      config: {
        describes: {
          summary: 'The nodes, 100 a page; never a place',
          parameters: NODES_PARAMETERS,
          answer: schemas.NODES,
          tagged: true,
          otherwise: BUSY,
        },
      },
    },
    async (request: Reading, reply) => {
      const query = nodeQuery(request.query);
      return sendTagged(
        request,
        reply,
        await shared.get(`nodes ${JSON.stringify(query)}`, SHARED_ANSWER_MS, async () => ({
          ...(await parts.nodes(query)),
          trust: parts.trust(),
        })),
      );
    },
  );

  app.get<{ Params: { readonly id: string } }>(
    '/api/federation/nodes/:id',
    {
      config: {
        describes: {
          summary: 'One node with its last 100 changes of state',
          parameters: [
            {
              name: 'id',
              in: 'path',
              description: 'The node id',
              schema: { type: 'string', maxLength: 100 },
            },
          ],
          answer: schemas.NODE_HISTORY,
          tagged: true,
          otherwise: { ...UNKNOWN, ...BUSY },
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const answer = await shared.get(`node ${id}`, SHARED_ANSWER_MS, () => parts.node(id));
      return answer.text === 'null'
        ? refuse(reply, 'not_found', 'there is no node with this id')
        : sendTagged(request, reply, answer);
    },
  );

  app.get(
    '/api/federation/limits',
    {
      config: {
        describes: { summary: 'The limits in force; 0 is none', answer: schemas.LIMITS, tagged: true },
      },
    },
    (request, reply) => sendTagged(request, reply, tagged(JSON.stringify(parts.limits()))),
  );
}
