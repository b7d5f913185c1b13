// The HTTP server of trades: the API of jobs and users, the public keys, the page with its live feed, probes and metrics.
// All its errors are flat. It takes no request with which a page of another site would change something.

import type { FastifyInstance } from 'fastify';
import { sendJson } from '../../http/answers.ts';
import type { HttpServer } from '../../http/bounded-server.ts';
import type { FeedCounts } from '../../http/feed.ts';
import { addFeedRoute } from '../../http/feed-route.ts';
import { addKeySetRoute, type KeySetParts } from '../../http/key-set.ts';
import { createHttpServer, type HttpParts } from '../../http/server.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import type { TradesView } from '../domain/view.ts';
import { addJobRoutes, type JobRouteParts } from './job-routes.ts';
import { liveState } from './live-state.ts';
import { refuseOtherSites } from './other-sites.ts';
import { addPageApi, type PageRouteParts } from './page-routes.ts';
import { LIVE, READYZ } from './page-schemas.ts';
import { TRADES_ERRORS } from './parameters.ts';
import type { Readiness } from './readiness.ts';
import { ERROR, HEALTH } from './schemas.ts';
import { addUserRoutes, type UserRouteParts } from './user-routes.ts';

/** Settings of the server; port 0 chooses any free port. */
export interface TradesHttpOptions
  extends Pick<JobRouteParts, 'clientId'>,
    Pick<UserRouteParts, 'allowsPlainRegistration'> {
  readonly host: string;
  readonly port: number;
}

/** What the server needs from the program. */
export interface TradesHttpParts
  extends Pick<HttpParts, 'live' | 'metrics' | 'failed'>,
    Pick<JobRouteParts, 'jobs' | 'wsPort'>,
    Pick<UserRouteParts, 'registrations'>,
    Pick<KeySetParts, 'publicKeys'>,
    PageRouteParts {
  view(): TradesView;
  readiness(): Readiness;
}

/** The server, with the counts of its live feed. */
export interface TradesHttpServer extends HttpServer {
  /** Counts of the live feed's readers. */
  feed(): FeedCounts;
}

const API = {
  title: 'Trades aggregator',
  description:
    'Jobs that take trades and become signed hourly summaries, and the figures of the page. The routes under /api/ are read-only.',
  codes: Object.keys(TRADES_ERRORS),
  errorShape: 'flat',
  hasKeys: false,
  anyOrigin: false,
} as const;

/** Makes the server; it does not listen before `start`. */
export function createTradesServer(options: TradesHttpOptions, parts: TradesHttpParts): TradesHttpServer {
  let feed = (): FeedCounts => ({ clients: 0, dropped: 0, refused: 0 });
  const document = (): JsonObject => liveState(parts.view(), parts.readiness());
  const { host, port, clientId, allowsPlainRegistration } = options;
  const server = createHttpServer(
    { host, port, hostSetting: 'AGGREGATOR_HOST', portSetting: 'AGGREGATOR_PORT' },
    {
      ...parts,
      api: API,
      bodies: 'any',
      readinessSchema: READYZ,
      pageFolder: new URL('page/', import.meta.url),
      addRoutes(app) {
        refuseOtherSites(app);
        addHealth(app, parts.nowMs);
        addJobRoutes(app, { ...parts, clientId });
        addUserRoutes(app, { ...parts, allowsPlainRegistration });
        addKeySetRoute(app, { ...parts, keySetSummary: 'Public keys for the signatures of summaries' });
        addPageApi(app, parts, document);
        feed = addFeedRoute(app, {
          path: '/api/trades/events',
          polledPath: '/api/trades/health',
          document,
          nowMs: parts.nowMs,
          monotonicMs: parts.monotonicMs,
          schema: LIVE,
          errorSchema: ERROR,
          mayRead: () => true,
        });
      },
    },
  );
  return { ...server, feed: () => feed() };
}

function addHealth(app: FastifyInstance, nowMs: () => number): void {
  app.get('/health', { schema: HEALTH }, (_request, reply) =>
    sendJson(reply, JSON.stringify({ status: 'ok', timestamp: new Date(nowMs()).toISOString() })),
  );
}
