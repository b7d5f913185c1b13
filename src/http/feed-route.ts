// The route of a live feed, for any document. It sends the headers of Server-Sent Events and hands the connection to the
// feed.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from './answers.ts';
import { Feed, type FeedCounts, type FeedParts } from './feed.ts';
import type { Schema } from './schema.ts';

/** What the route needs from its program. */
export interface FeedRouteParts extends FeedParts {
  readonly path: string;
  /** The path at which a client that gets no place in the feed can poll the document. */
  readonly polledPath: string;
  /** The schema of the document. */
  readonly schema: Schema;
  readonly errorSchema: Schema;
  /** True while a reader with this header may read; the feed asks again for as long as the reader is connected. */
  mayRead(authorization: string | undefined): boolean;
}

/** Adds the route. The returned function counts the feed's readers. */
export function addFeedRoute(app: FastifyInstance, parts: FeedRouteParts): () => FeedCounts {
  const { path, polledPath } = parts;
  const feed = new Feed(parts);
  app.addHook('preClose', (done) => {
    feed.stop();
    done();
  });
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    if (!feed.admits())
      return refuse(
        reply.header('retry-after', '5'),
        'feed_full',
        `too many live feeds are open: poll ${polledPath} instead`,
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
    else feed.add(reply.raw, () => parts.mayRead(authorization));
    return reply;
  };
  const schema = {
    summary:
      'Server-Sent Events: `snapshot` with the document as it is, then `change` with a merge patch (RFC 7396) for it',
    produces: ['text/event-stream'],
    response: { 200: parts.schema, 503: parts.errorSchema },
  };
  app.get(path, { exposeHeadRoute: false, schema }, answer);
  app.head(path, answer);
  return () => feed.counts;
}
