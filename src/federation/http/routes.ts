// The HTTP API of the federation (docs/federation.md#http): statistics, their history and distributions, nodes, health,
// limits. It only shows results of a tick, a worker or another thread; it never computes a statistic and never shows
// the location of a single node.

import type { FastifyInstance } from 'fastify';
import type { NodeTrust } from '../domain/statistics.ts';
import type { History, HistoryQuery } from '../domain/history.ts';
import type { Limits } from '../domain/limits.ts';
import type {
  NodeHistory,
  NodeListing,
  NodeOrderQuery,
  NodePage,
  NodeQuery,
  OneNodeQuery,
  ReportingShare,
} from '../domain/statistics.ts';
import type { Period } from '../domain/vocabulary.ts';
import { refuse, sendTagged } from '../../http/answers.ts';
import { barsOf } from './distributions.ts';
import { addEventLogRoutes, type EventLogParts } from './event-log.ts';
import {
  HISTORY_QUERY,
  historyQuery,
  NODE_PARAMS,
  NODE_QUERY,
  nodeQuery,
  NODES_QUERY,
  oneNodeQuery,
  PERIOD_QUERY,
  SHARED_HISTORY_MS,
} from './parameters.ts';
import { NO_STATISTICS } from './no-statistics.ts';
import { awaitingBody, type PeriodStatistics, rememberText } from './period-statistics.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import type { QueryOf } from '../../http/parameter.ts';
import * as schemas from './schemas.ts';
import { type SharedAnswers, tagged, type TaggedText } from '../../http/shared-answers.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';

/** Time in which clients that ask the pool the same question get the same answer. */
export const SHARED_ANSWER_MS = 1_000;

/** What the API needs from its program. Calls to a worker throw `worker_timeout` and `database_unusable`. */
export interface FederationParts extends EventLogParts {
  /** The statistics of the latest tick, the same object until the next tick; null before the first. */
  statistics(period: Period): PeriodStatistics | null;
  /** A page of the node list, from a worker. A page past the last one has no nodes. */
  nodes(query: NodeQuery): Promise<NodePage>;
  /** The numbers of all nodes that match, in order, from a worker. */
  nodeOrder(query: NodeOrderQuery): Promise<Float64Array>;
  /** The nodes with these numbers, from a worker; nodes that are gone are left out. */
  nodeListings(numbers: readonly number[], stripCells: number): Promise<readonly NodeListing[]>;
  /** One node with its transitions, from a worker; null if no node has this id. */
  node(query: OneNodeQuery): Promise<NodeHistory | null>;
  /** Number of stored nodes, by whether their newest message was signed. */
  trust(): NodeTrust;
  /** The recorded statistics of a time span, from a worker. */
  history(query: HistoryQuery): Promise<History>;
  /** The share of tasks that only one node reported, from a worker. */
  reporting(): Promise<ReportingShare>;
  /** Number of nodes in each state at this moment. */
  nodeCounts(): Readonly<Record<NodeState, number>>;
  /** The live numbers of this moment. */
  current(): JsonObject;
  limits(): Limits;
  nowMs(): number;
  monotonicMs(): number;
}

/** The further answers of routes that ask the pool. */
export const BUSY = { 503: schemas.ERROR };

/** Adds the API's routes. `shared` holds answers of the pool for a moment. */
export function addFederationRoutes(
  app: FastifyInstance,
  parts: FederationParts,
  shared: SharedAnswers,
): void {
  addTickRoutes(app, parts);
  addPastRoutes(app, parts, shared);
  addNodeRoutes(app, parts, shared);
  addEventLogRoutes(app, parts, shared);
  addPresentRoutes(app, parts);
}

/** Routes for the results of the latest tick. */
function addTickRoutes(app: FastifyInstance, parts: FederationParts): void {
  const statisticsText = rememberText();
  app.get<{ Querystring: QueryOf<typeof PERIOD_QUERY> }>(
    '/api/federation/network-stats',
    {
      schema: {
        summary: 'The statistics of the latest tick, as published',
        querystring: PERIOD_QUERY,
        response: unlessUnchanged(schemas.NETWORK_STATS),
      },
    },
    (request, reply) => {
      const { period } = request.query;
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

  app.get<{ Querystring: QueryOf<typeof PERIOD_QUERY> }>(
    '/api/federation/distributions',
    {
      schema: {
        summary: 'The distributions of the latest tick as bars, in order',
        querystring: PERIOD_QUERY,
        response: unlessUnchanged(schemas.DISTRIBUTIONS),
      },
    },
    (request, reply) => {
      const { period } = request.query;
      const statistics = parts.statistics(period);
      const body = {
        period,
        lastUpdated: statistics?.lastUpdated ?? null,
        distributions: barsOf(statistics?.data ?? NO_STATISTICS),
      };
      return sendTagged(request, reply, tagged(JSON.stringify(body)));
    },
  );
}

/** Routes for the past, which does not change; the pool reads it. */
function addPastRoutes(app: FastifyInstance, parts: FederationParts, shared: SharedAnswers): void {
  app.get<{ Querystring: QueryOf<typeof HISTORY_QUERY> }>(
    '/api/federation/history',
    {
      schema: {
        summary: 'The recorded statistics of a span of time, down-sampled',
        querystring: HISTORY_QUERY,
        response: { ...unlessUnchanged(schemas.HISTORY), ...BUSY },
      },
    },
    async (request, reply) => {
      const query = historyQuery(request.query, parts.nowMs());
      return sendTagged(request, reply, await sharedHistory(query, parts, shared));
    },
  );

  app.get(
    '/api/federation/reporting',
    {
      schema: {
        summary: 'The share of tasks that only one node reported',
        response: { ...unlessUnchanged(schemas.REPORTING), ...BUSY },
      },
    },
    async (request, reply) =>
      sendTagged(request, reply, await shared.get('reporting', SHARED_HISTORY_MS, () => parts.reporting())),
  );
}

/** The answer to a history query as JSON text, shared with all clients that ask the same. */
export function sharedHistory(
  query: HistoryQuery,
  parts: Pick<FederationParts, 'history'>,
  shared: SharedAnswers,
): Promise<TaggedText> {
  return shared.get(`history ${JSON.stringify(query)}`, SHARED_HISTORY_MS, () => parts.history(query));
}

/** Routes for the nodes, which the pool reads. */
function addNodeRoutes(app: FastifyInstance, parts: FederationParts, shared: SharedAnswers): void {
  app.get<{ Querystring: QueryOf<typeof NODES_QUERY> }>(
    '/api/federation/nodes',
    {
      schema: {
        summary: 'The nodes, 100 a page; never their place',
        querystring: NODES_QUERY,
        response: { ...unlessUnchanged(schemas.NODES), ...BUSY },
      },
    },
    async (request, reply) => {
      const query = nodeQuery(request.query);
      const answer = await shared.get(`nodes ${JSON.stringify(query)}`, SHARED_ANSWER_MS, async () => ({
        ...(await parts.nodes(query)),
        trust: parts.trust(),
      }));
      return sendTagged(request, reply, answer);
    },
  );

  app.get<{ Params: { readonly id: string }; Querystring: QueryOf<typeof NODE_QUERY> }>(
    '/api/federation/nodes/:id',
    {
      schema: {
        summary: 'One node with its last 100 changes of state',
        params: NODE_PARAMS,
        querystring: NODE_QUERY,
        response: { ...unlessUnchanged(schemas.NODE_HISTORY), 404: schemas.ERROR, ...BUSY },
      },
    },
    async (request, reply) => {
      const query = oneNodeQuery(request.params.id, request.query);
      const answer = await shared.get(`node ${JSON.stringify(query)}`, SHARED_ANSWER_MS, () =>
        parts.node(query),
      );
      return answer.text === 'null'
        ? refuse(reply, 'not_found', 'there is no node with this id')
        : sendTagged(request, reply, answer);
    },
  );
}

/** Routes for the state of this moment. */
function addPresentRoutes(app: FastifyInstance, parts: FederationParts): void {
  app.get(
    '/api/federation/health',
    {
      schema: {
        summary: 'Live numbers: nodes by state, messages, ingest',
        response: unlessUnchanged(schemas.HEALTH),
      },
    },
    (request, reply) => {
      const at = new Date(parts.nowMs()).toISOString();
      return sendTagged(request, reply, tagged(JSON.stringify({ at, ...parts.current() })));
    },
  );

  app.get(
    '/api/federation/limits',
    { schema: { summary: 'The limits in force; 0 is no limit', response: unlessUnchanged(schemas.LIMITS) } },
    (request, reply) => sendTagged(request, reply, tagged(JSON.stringify(parts.limits()))),
  );
}
