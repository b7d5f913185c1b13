// The route of the live feed, `/api/federation/events`. The feed's document is the current health together with the
// statistics of the latest tick for all periods.

import type { FastifyInstance } from 'fastify';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import type { Json } from '../../lib/merge-patch.ts';
import type { FederationParts } from './routes.ts';
import type { FeedCounts } from '../../http/feed.ts';
import { addFeedRoute } from '../../http/feed-route.ts';
import { type PeriodStatistics, statisticsBody } from './period-statistics.ts';
import { FEED_DOCUMENT, ERROR } from './schemas.ts';

/** What the live feed needs from its program. */
export type EventParts = Pick<FederationParts, 'current' | 'statistics' | 'nowMs' | 'monotonicMs'>;

/**
 * Adds the route. The returned function counts the feed's readers. The feed calls `mayRead` again and again for as long
 * as a reader is connected.
 */
export function addEventRoute(
  app: FastifyInstance,
  parts: EventParts,
  mayRead: (authorization: string | undefined) => boolean,
): () => FeedCounts {
  const statistics = rememberStatistics(parts);
  return addFeedRoute(app, {
    path: '/api/federation/events',
    polledPath: '/api/federation/health',
    document: () => ({ ...parts.current(), statistics: statistics() }),
    nowMs: parts.nowMs,
    monotonicMs: parts.monotonicMs,
    schema: FEED_DOCUMENT,
    errorSchema: ERROR,
    mayRead,
  });
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
