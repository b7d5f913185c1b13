// The HTTP API of the federation (specification, section 10): statistics, nodes, limits. It only shows what a tick or
// a worker has computed; it never computes a number and never shows a location of a single node.

import type { FastifyInstance } from 'fastify';
import type { NodeTrust } from '../domain/federation/facts.ts';
import type { Limits } from '../domain/federation/limits.ts';
import type { NetworkStatistics, NodeHistory, NodePage } from '../domain/federation/statistics.ts';
import { NODE_STATES, PERIODS, type NodeState, type Period } from '../domain/federation/vocabulary.ts';
import { refuse, sendJson } from './answers.ts';
import { NO_STATISTICS } from './no-statistics.ts';

/** The statistics of one period, of the latest tick. Times are public UTC text. */
export interface PeriodStatistics {
  readonly data: NetworkStatistics;
  readonly period: Period;
  /** As published: the moment the statistics are of. */
  readonly timestamp: string;
  readonly aggregatorId: string;
  readonly lastUpdated: string;
}

/** What the API asks. */
export interface FederationParts {
  aggregatorId(): string;
  /** Of the latest tick, the same object until the next one; null before the first. */
  statistics(period: Period): PeriodStatistics | null;
  /** A page of the node list, from a worker; throws `worker_timeout`. Past the last page: no nodes. */
  nodes(query: { readonly state: NodeState | null; readonly page: number }): Promise<NodePage>;
  /** One node with its transitions, from a worker; null if there is none. */
  node(nodeId: string): Promise<NodeHistory | null>;
  /** Nodes with a row, by who spoke last for them. */
  trust(): NodeTrust;
  limits(): Limits;
  nowMs(): number;
}

/** Adds the routes. */
export function addFederationRoutes(app: FastifyInstance, parts: FederationParts): void {
  const statisticsText = rememberText();

  app.get<{ Querystring: Query }>('/api/federation/network-stats', (request, reply) => {
    const period = oneOf(PERIODS, request.query['period'] ?? 'all');
    if (period === undefined)
      return refuse(reply, 'unknown_period', `period is one of ${PERIODS.join(', ')}`);
    const statistics = parts.statistics(period);
    return sendJson(reply, statistics === null ? awaitingText(parts, period) : statisticsText(statistics));
  });

  app.get<{ Querystring: Query }>('/api/federation/nodes', async (request, reply) => {
    const stateText = request.query['state'];
    const state = stateText === undefined ? null : oneOf(NODE_STATES, stateText);
    if (state === undefined)
      return refuse(reply, 'unknown_state', `state is one of ${NODE_STATES.join(', ')}`);
    const page = pageNumber(request.query['page'] ?? '1');
    if (page === undefined) return refuse(reply, 'bad_page', 'page is a whole number from 1 to 999999999');
    const nodes = await parts.nodes({ state, page });
    return sendJson(reply, JSON.stringify({ ...nodes, trust: parts.trust() }));
  });

  app.get<{ Params: { readonly id: string } }>('/api/federation/nodes/:id', async (request, reply) => {
    const node = await parts.node(request.params.id);
    return node === null
      ? refuse(reply, 'not_found', 'there is no node with this id')
      : sendJson(reply, JSON.stringify(node));
  });

  app.get('/api/federation/limits', (_request, reply) => sendJson(reply, JSON.stringify(parts.limits())));
}

/** A parameter given twice is an array. */
type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

function oneOf<const W extends string>(
  words: readonly W[],
  value: string | readonly string[],
): W | undefined {
  return words.find((word) => word === value);
}

function pageNumber(value: string | readonly string[]): number | undefined {
  return typeof value === 'string' && /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) : undefined;
}

/** Keeps the text of each period until the next tick: front ends ask far more often than numbers change. */
function rememberText(): (statistics: PeriodStatistics) => string {
  const remembered = new Map<Period, { readonly of: PeriodStatistics; readonly text: string }>();
  return (statistics) => {
    const known = remembered.get(statistics.period);
    if (known?.of === statistics) return known.text;
    const { data, period, timestamp, aggregatorId, lastUpdated } = statistics;
    const text = JSON.stringify({
      ...data,
      period,
      timestamp,
      aggregatorId,
      lastUpdated,
      status: 'connected',
    });
    remembered.set(period, { of: statistics, text });
    return text;
  };
}

function awaitingText(parts: FederationParts, period: Period): string {
  return JSON.stringify({
    ...NO_STATISTICS,
    period,
    timestamp: new Date(parts.nowMs()).toISOString(),
    aggregatorId: parts.aggregatorId(),
    lastUpdated: null,
    status: 'awaiting_data',
  });
}
