// The routes of the live feeds. `/api/federation/events`: the current health together with the statistics of the latest
// tick for all periods. `/api/federation/public/events`: the same without what concerns the operator alone, for the public
// page; `/api/federation/public` is its document for clients that poll.

import type { FastifyInstance } from 'fastify';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import type { Json } from '../../lib/merge-patch.ts';
import type { FederationParts } from './routes.ts';
import { type FeedCounts, feedSum } from '../../http/feed.ts';
import { sendTagged } from '../../http/answers.ts';
import { addFeedRoute } from '../../http/feed-route.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import { tagged } from '../../http/shared-answers.ts';
import { type PeriodStatistics, statisticsBody } from './period-statistics.ts';
import { publicState } from './public-state.ts';
import { ERROR, FEED_DOCUMENT, PUBLIC_FEED_DOCUMENT, PUBLIC_STATE } from './schemas.ts';

/** What the live feed needs from its program. */
export type EventParts = Pick<FederationParts, 'current' | 'statistics' | 'nowMs' | 'monotonicMs'>;

/**
 * Adds the routes. The returned function counts the readers of both feeds, which share their places. The feeds call
 * `mayRead` again and again for as long as a reader is connected.
 */
export function addEventRoutes(
  app: FastifyInstance,
  parts: EventParts,
  mayRead: (authorization: string | undefined) => boolean,
): () => FeedCounts {
  const statistics = rememberStatistics(parts);
  const { nowMs, monotonicMs } = parts;
  let publicCounts = (): FeedCounts => ({ clients: 0, dropped: 0, refused: 0 });
  const counts = addFeedRoute(app, {
    path: '/api/federation/events',
    polledPath: '/api/federation/health',
    document: () => ({ ...parts.current(), statistics: statistics() }),
    nowMs,
    monotonicMs,
    readersElsewhere: () => publicCounts().clients,
    schema: FEED_DOCUMENT,
    errorSchema: ERROR,
    mayRead,
  });
  publicCounts = addFeedRoute(app, {
    path: '/api/federation/public/events',
    polledPath: '/api/federation/public',
    document: () => ({ ...publicState(parts.current()), statistics: statistics() }),
    nowMs,
    monotonicMs,
    readersElsewhere: () => counts().clients,
    schema: PUBLIC_FEED_DOCUMENT,
    errorSchema: ERROR,
    mayRead,
  });
  app.get(
    '/api/federation/public',
    {
      schema: {
        summary: 'The live numbers of the public page: nodes by state, and whether the numbers are current',
        response: unlessUnchanged(PUBLIC_STATE),
      },
    },
    (request, reply) => {
      const at = new Date(nowMs()).toISOString();
      const document = { at, ...publicState(parts.current()) };
      return sendTagged(request, reply, tagged(JSON.stringify(document)));
    },
  );
  return () => feedSum(counts(), publicCounts());
}

/** Returns the same object until the next tick, so that the feed has nothing to compare in between. */
function rememberStatistics(parts: EventParts): () => Json {
  let latest: PeriodStatistics | null = null;
  let body: Json = null;
  return () => {
    const current = parts.statistics('all');
    if (current === latest) return body;
    latest = current;
    const entries = PERIODS.map((period): [Period, Json] => {
      const statistics = parts.statistics(period);
      return [period, statistics === null ? null : statisticsBody(statistics)];
    });
    body = current === null ? null : Object.fromEntries(entries);
    return body;
  };
}
