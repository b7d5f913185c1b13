// `/api/federation/events`: the live feed's address. The document of the feed is the health of this moment together with
// the statistics of the latest tick, all periods.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import type { Json } from '../../lib/merge-patch.ts';
import { refuse } from '../../http/answers.ts';
import type { FederationParts } from './routes.ts';
import { Feed, type FeedCounts } from '../../http/feed.ts';
import { type PeriodStatistics, statisticsBody } from './period-statistics.ts';
import { FEED_DOCUMENT, ERROR } from './schemas.ts';

/** What the live feed asks. */
export type EventParts = Pick<FederationParts, 'current' | 'statistics' | 'nowMs' | 'monotonicMs'>;

/** Adds the route; the function returned counts its readers. `mayRead` is asked again for as long as a feed lives. */
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
    // HEAD is told what a GET would be, and takes no reader's place.
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

/** The same object until the next tick, so that nothing is compared in between. */
function rememberStatistics(parts: EventParts): () => Json {
  let of: PeriodStatistics | null = null;
  let made: Json = null;
  return () => {
    const latest = parts.statistics('all');
    if (latest === of) return made;
    of = latest;
    const entries = PERIODS.map((period): [Period, Json] => {
      const statistics = parts.statistics(period);
      return [period, statistics === null ? null : statisticsBody(statistics)];
    });
    made = latest === null ? null : Object.fromEntries(entries);
    return made;
  };
}
