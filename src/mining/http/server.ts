// The dashboard's HTTP server: its page, its live feed, and the answers that the miners' port gives too.

import type { HttpServer } from '../../http/bounded-server.ts';
import type { FeedCounts } from '../../http/feed.ts';
import { addFeedRoute } from '../../http/feed-route.ts';
import { createHttpServer, type HttpParts } from '../../http/server.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import type { MiningAnswers } from './answers.ts';
import { liveState } from './live-state.ts';
import { PARAMETER_CODES } from './parameters.ts';
import type { Readiness } from './readiness.ts';
import { addMiningRoutes, type MiningParts } from './routes.ts';
import { ERROR, HEALTH, READYZ } from './schemas.ts';

/** The address of `dashboard.listen_address`; port 0 chooses any free port. */
export interface MiningHttpOptions {
  readonly host: string;
  readonly port: number;
}

/** What the server needs from the program. */
export interface MiningHttpParts extends Pick<HttpParts, 'live' | 'metrics' | 'failed'>, MiningParts {
  readiness(): Readiness;
}

/** The server, with the counts of its live feed. */
export interface MiningHttpServer extends HttpServer {
  /** Counts of the live feed's readers. */
  feed(): FeedCounts;
}

const SETTING = 'dashboard.listen_address';

const API = {
  title: 'Mining aggregator',
  description: 'Statistics of a proxy between PoCX miners and a pool or wallet. The API is read-only.',
  codes: PARAMETER_CODES,
  hasKeys: false,
  anyOrigin: false,
};

/** Makes the server; it does not listen before `start`. `answers` are those of the miners' port. */
export function createMiningServer(
  options: MiningHttpOptions,
  parts: MiningHttpParts,
  answers: MiningAnswers,
): MiningHttpServer {
  let feed = (): FeedCounts => ({ clients: 0, dropped: 0, refused: 0 });
  const document = (): JsonObject =>
    liveState(parts.view(), parts.readiness(), parts.statistics.latest().summary);
  const server = createHttpServer(
    { ...options, hostSetting: SETTING, portSetting: SETTING },
    {
      ...parts,
      api: API,
      readinessSchema: READYZ,
      pageFolder: new URL('page/', import.meta.url),
      addRoutes(app) {
        addMiningRoutes(app, parts, answers, document);
        feed = addFeedRoute(app, {
          path: '/api/mining/events',
          polledPath: '/api/mining/health',
          document,
          nowMs: parts.nowMs,
          monotonicMs: parts.monotonicMs,
          schema: HEALTH,
          errorSchema: ERROR,
          mayRead: () => true,
        });
      },
    },
  );
  return { ...server, feed: () => feed() };
}
