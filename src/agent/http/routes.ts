// The routes of the agent's API: the network's statistics, the state of the federation, the own node, and the sign of
// life that deployed health checks ask for. Each shows one view; none computes or changes anything.

import type { FastifyInstance } from 'fastify';
import { sendJson, sendTagged } from '../../http/answers.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import type { QueryOf } from '../../http/parameter.ts';
import { tagged } from '../../http/shared-answers.ts';
import type { StatisticsRow } from '../domain/network-statistics.ts';
import type { AgentView } from '../domain/view.ts';
import { networkStatsBody, nodeBody, statusBody } from './answers.ts';
import type { Readiness } from './readiness.ts';
import { HEALTH, NETWORK_STATS, NODE, PERIOD_QUERY, STATUS } from './schemas.ts';

/** What the routes need from the program. */
export interface AgentRouteParts {
  readonly version: string;
  view(): AgentView;
  readiness(): Readiness;
  nowMs(): number;
}

/** Adds the routes. */
export function addAgentRoutes(app: FastifyInstance, parts: AgentRouteParts): void {
  const statistics = {
    summary: 'The latest statistics of the network, as the aggregator published them',
    querystring: PERIOD_QUERY,
    response: unlessUnchanged(NETWORK_STATS),
  };
  app.get<{ Querystring: QueryOf<typeof PERIOD_QUERY> }>(
    '/api/federation/network-stats',
    { schema: statistics },
    (request, reply) => {
      const row = rowOf(parts.view(), request.query.period);
      return sendTagged(request, reply, tagged(JSON.stringify(networkStatsBody(row, parts.nowMs()))));
    },
  );
  const status = { summary: 'How the node takes part in the federation', response: unlessUnchanged(STATUS) };
  app.get('/api/federation/status', { schema: status }, (request, reply) =>
    sendTagged(request, reply, tagged(JSON.stringify(statusBody(parts.view())))),
  );
  const node = {
    summary: 'The own node: its counts, sources, messages and connection',
    response: unlessUnchanged(NODE),
  };
  app.get('/api/node', { schema: node }, (request, reply) => {
    const body = nodeBody(parts.view(), parts.readiness(), parts.version, parts.nowMs());
    return sendTagged(request, reply, tagged(JSON.stringify(body)));
  });
  const health = { summary: 'Whether the agent answers', response: { 200: HEALTH } };
  app.get('/api/health', { schema: health }, (_request, reply) =>
    sendJson(reply, JSON.stringify({ status: 'ok', timestamp: new Date(parts.nowMs()).toISOString() })),
  );
}

function rowOf(view: AgentView, period: QueryOf<typeof PERIOD_QUERY>['period']): StatisticsRow | null {
  return period === 'all' ? view.statistics : (view.periods[period] ?? null);
}
