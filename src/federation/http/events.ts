// The route of the live feed, `/api/federation/events`. The feed's document is the current health together with the
// statistics of the latest tick for all periods.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import type { Json } from '../../lib/merge-patch.ts';
import { refuse } from '../../http/answers.ts';
import type { FederationParts } from './routes.ts';
import { Feed, type FeedCounts } from '../../http/feed.ts';
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
  const feed = new Feed({
    document: () => ({ ...parts.current(), statistics: statistics() }),
    nowMs: parts.nowMs,
    monotonicMs: parts.monotonicMs,
  });
  app.addHook('preClose', (done) => {
    feed.stop();
    done();
  });
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    if (!feed.admits())
      return refuse(
        reply.header('retry-after', '5'),
        'feed_full',
        'too many live feeds are open: poll /api/federation/health instead',
      );
    reply.hijack();
    const headers = {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    };
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200);
    const { authorization } = request.headers;
    // HEAD gets the headers of a GET, but no place in the feed.
    if (request.method === 'HEAD') reply.raw.end();
    else feed.add(reply.raw, () => mayRead(authorization));
    return reply;
  };
  app.get(
    '/api/federation/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary:
          'Server-Sent Events: `snapshot` with the document as it is, then `change` with a merge patch (RFC 7396) for it',
        produces: ['text/event-stream'],
        response: { 200: FEED_DOCUMENT, 503: ERROR },
      },
    },
    answer,
  );
  app.head('/api/federation/events', answer);
  return () => feed.counts;
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
