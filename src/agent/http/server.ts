// The HTTP server of the agent: its API, the page with its live feed, probes and metrics. It only reads: no request
// changes anything.

import type { FastifyInstance } from 'fastify';
import type { HttpServer } from '../../http/bounded-server.ts';
import type { FeedCounts } from '../../http/feed.ts';
import { createHttpServer, type HttpParts } from '../../http/server.ts';
import { addUpgradeRoute } from '../../http/upgrade-route.ts';
import { programVersion } from '../../lib/version.ts';
import type { AgentView } from '../domain/view.ts';
import { isStale, networkStatsBody } from './answers.ts';
import { LiveFeed, type LiveFeedOptions } from './live-feed.ts';
import { Origins } from './origins.ts';
import { judgeReadiness } from './readiness.ts';
import { addAgentRoutes } from './routes.ts';
import { AGENT_ERRORS, ERROR, READYZ } from './schemas.ts';

/** Settings of the server; port 0 chooses any free port. */
export interface AgentHttpOptions
  extends Pick<LiveFeedOptions, 'connectionsMax' | 'connectionsPerAddressMax'> {
  readonly host: string;
  readonly port: number;
  /** Origins of other pages that may read the API and the live feed, as a browser writes them. */
  readonly allowedOrigins: readonly string[];
}

/** What the server needs from the program. */
export interface AgentHttpParts extends Pick<HttpParts, 'live' | 'metrics' | 'failed'> {
  view(): AgentView;
  nowMs(): number;
  monotonicMs(): number;
}

/** The server, with the counts of its live feed. */
export interface AgentHttpServer extends HttpServer {
  feed(): FeedCounts;
}

const API = {
  title: 'Federation agent',
  description: "One Truebit node in the federation, and the network's statistics. The API is read-only.",
  codes: Object.keys(AGENT_ERRORS),
  errorShape: 'flat',
  hasKeys: false,
  anyOrigin: false,
} as const;

/** Makes the server; it does not listen before `start`. */
export function createAgentServer(options: AgentHttpOptions, parts: AgentHttpParts): AgentHttpServer {
  const { host, port, allowedOrigins } = options;
  const origins = new Origins(allowedOrigins);
  const feed = new LiveFeed({ ...options, origins }, { ...parts, statistics: rememberStatistics(parts) });
  const readiness = () => judgeReadiness(parts.view());
  const server = createHttpServer(
    { host, port, hostSetting: 'HOST', portSetting: 'PORT' },
    {
      ...parts,
      api: API,
      readiness,
      readinessSchema: READYZ,
      pageFolder: new URL('page/', import.meta.url),
      addRoutes(app) {
        allowOrigins(app, origins);
        addAgentRoutes(app, { ...parts, readiness, version: programVersion() });
        addUpgradeRoute(app, {
          path: '/ws',
          summary: 'WebSocket: greets, then sends `network_stats` at once and at every change',
          errorSchema: ERROR,
          take: (request, socket, head) => feed.take(request, socket, head),
        });
        app.addHook('preClose', () => feed.stop());
      },
    },
  );
  return { ...server, feed: () => feed.counts };
}

/** Pages of ALLOWED_ORIGINS may read the API; the server looks at no cookie. */
function allowOrigins(app: FastifyInstance, origins: Origins): void {
  app.addHook('onRequest', ({ url, headers: { origin } }, reply, done) => {
    if (url.startsWith('/api/')) {
      reply.header('vary', 'Origin');
      if (origin !== undefined && origins.isAllowed(origin))
        reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': 'ETag' });
    }
    done();
  });
}

/** The statistics as text, which all readers share until they change. */
function rememberStatistics(parts: Pick<AgentHttpParts, 'view' | 'nowMs'>) {
  let latest: { readonly key: string; readonly json: string } | null = null;
  return () => {
    const { statistics } = parts.view();
    if (statistics === null) return null;
    const { publishedMs, receivedMs, aggregatorId, signature } = statistics;
    const nowMs = parts.nowMs();
    const key = JSON.stringify([
      publishedMs,
      receivedMs,
      aggregatorId,
      signature,
      isStale(statistics, nowMs),
    ]);
    if (latest?.key !== key) latest = { key, json: JSON.stringify(networkStatsBody(statistics, nowMs)) };
    return latest;
  };
}
