// The HTTP server of the reference backend: the route that takes summaries, the routes that the page reads, health and
// metrics.

import type { HttpServer } from '../../http/bounded-server.ts';
import type { FeedCounts } from '../../http/feed.ts';
import { addFeedRoute } from '../../http/feed-route.ts';
import { createHttpServer, type HttpParts } from '../../http/server.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import { addIngestRoute, INGEST_ERRORS, type IngestRouteParts } from './ingest-route.ts';
import { addReadRoutes, READ_CODES, type ReadRouteParts } from './read-routes.ts';
import * as schemas from './schemas.ts';
import type { BackendReadiness } from './view.ts';

/** What the server needs. */
export interface BackendServerParts
  extends Pick<HttpParts, 'live' | 'metrics' | 'failed'>,
    Omit<ReadRouteParts, 'current'> {
  readonly intake: IngestRouteParts;
  readiness(): BackendReadiness;
  document(): JsonObject;
}

/** The server, with the counts of its live feed. */
export interface BackendServer extends HttpServer {
  feed(): FeedCounts;
}

const API = {
  title: 'Reference backend of trades',
  description: 'Takes signed summaries, and shows what they say of each client.',
  codes: [...new Set([...READ_CODES, ...Object.keys(INGEST_ERRORS)])],
  hasKeys: false,
  anyOrigin: false,
  errorShape: 'flat',
} as const;

/** Makes the server; it does not listen before `start`. Port 0 chooses any free port. */
export function createBackendServer(
  address: { readonly host: string; readonly port: number },
  parts: BackendServerParts,
): BackendServer {
  let feed = (): FeedCounts => ({ clients: 0, dropped: 0, refused: 0 });
  const server = createHttpServer(
    { ...address, hostSetting: 'INGEST_PORT', portSetting: 'INGEST_PORT' },
    {
      live: parts.live,
      metrics: parts.metrics,
      failed: parts.failed,
      readiness: () => parts.readiness(),
      readinessSchema: schemas.READYZ,
      api: API,
      pageFolder: new URL('page/', import.meta.url),
      addRoutes(app) {
        addIngestRoute(app, parts.intake);
        addReadRoutes(app, { ...parts, current: () => parts.document() });
        feed = addFeedRoute(app, {
          path: '/api/ingest/events',
          polledPath: '/api/ingest/health',
          document: () => parts.document(),
          nowMs: () => parts.nowMs(),
          monotonicMs: () => parts.monotonicMs(),
          schema: schemas.LIVE,
          errorSchema: schemas.ERROR,
          mayRead: () => true,
        });
      },
    },
  );
  return { ...server, feed: () => feed() };
}
