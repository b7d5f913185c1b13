// The routes of the log of events (docs/federation.md#events): as JSON, and as a feed in RSS. A worker reads the log.

import type { FastifyInstance } from 'fastify';
import { EVENT_KINDS, type EventPage, type EventQuery, eventSentence } from '../domain/events.ts';
import { hasTag, sendTagged } from '../../http/answers.ts';
import { askedAddress } from '../../http/asked-address.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import type { QueryOf } from '../../http/parameter.ts';
import { RSS_TYPE, rssText } from '../../http/rss.ts';
import {
  array,
  COUNT,
  COUNT_OR_NULL,
  object,
  oneOf,
  type Schema,
  TEXT_OR_NULL,
  TIME,
} from '../../http/schema.ts';
import { type SharedAnswers, tagged } from '../../http/shared-answers.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { EVENTS_FEED_QUERY, EVENTS_QUERY, eventQuery } from './parameters.ts';
import { ERROR } from './schemas.ts';

/** What these routes need from their program. */
export interface EventLogParts {
  aggregatorId(): string;
  /** A page of the log, from a worker. A page past the last one has no events. */
  events(query: EventQuery): Promise<EventPage>;
}

/** Time in which clients that ask the same of the log get the same answer. */
const SHARED_EVENTS_MS = 1_000;

const EVENTS = object({
  events: array(
    object({
      id: { ...COUNT, description: 'Greater than that of every earlier event' },
      at: TIME,
      kind: oneOf(EVENT_KINDS),
      nodeId: { ...TEXT_OR_NULL, description: 'Null for events of the aggregator itself' },
      from: { enum: [...NODE_STATES, null], description: 'The state before; null at the first sight' },
      cause: { ...TEXT_OR_NULL, description: 'Why a node changed its state' },
      count: {
        ...COUNT_OR_NULL,
        description:
          'lost, shed, quarantined: messages; drift: differences; started: ms since the last sign of life',
      },
      detail: {
        ...TEXT_OR_NULL,
        description: 'started: in_order, not_in_order or first; not_ready: the reason; key_revoked: the key',
      },
    }),
    { maxItems: 100, description: 'Newest first' },
  ),
  page: { type: 'integer', minimum: 1 },
  pages: COUNT,
  total: COUNT,
});
const FEED: Schema = { type: 'string', description: 'RSS 2.0, the newest 100 events' };

/** Adds the routes. */
export function addEventLogRoutes(app: FastifyInstance, parts: EventLogParts, shared: SharedAnswers): void {
  const ask = (query: EventQuery) =>
    shared.get(`events ${JSON.stringify(query)}`, SHARED_EVENTS_MS, () => parts.events(query));

  app.get<{ Querystring: QueryOf<typeof EVENTS_QUERY> }>(
    '/api/federation/events-log',
    {
      schema: {
        summary: 'What happened to nodes and to the aggregator, 100 events a page, newest first',
        querystring: EVENTS_QUERY,
        response: { ...unlessUnchanged(EVENTS), 503: ERROR },
      },
    },
    async (request, reply) => sendTagged(request, reply, await ask(eventQuery(request.query))),
  );

  app.get<{ Querystring: QueryOf<typeof EVENTS_FEED_QUERY> }>(
    '/api/federation/events-log.rss',
    {
      schema: {
        summary: 'The newest 100 events as a feed',
        produces: [RSS_TYPE],
        querystring: EVENTS_FEED_QUERY,
        response: { ...unlessUnchanged(FEED), 503: ERROR },
      },
    },
    async (request, reply) => {
      const { text: page } = await ask(eventQuery({ ...request.query, page: 1 }));
      const address = askedAddress(request.headers);
      const { text, tag } = tagged(feedText(JSON.parse(page) as EventPage, parts.aggregatorId(), address));
      reply.headers({
        etag: tag,
        'cache-control': 'no-cache',
        vary: 'Host, X-Forwarded-Host, X-Forwarded-Proto, X-Forwarded-Prefix',
      });
      if (hasTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
      return reply.header('content-type', `${RSS_TYPE}; charset=utf-8`).send(text);
    },
  );
}

/**
 * The events as a feed. `address` is that of the page; null if it is not known. An id repeats after a backup was restored,
 * so the guid has the time of the event too.
 */
function feedText({ events }: EventPage, aggregatorId: string, address: string | null): string {
  const name = `urn:truebit-aggregator:${encodeURIComponent(aggregatorId)}`;
  const channel = {
    title: `Events of ${aggregatorId}`,
    link: address === null ? name : `${address}#/events`,
    description: 'What happened to the nodes of the federation and to its aggregator.',
  };
  const items = events.map((event) => {
    const path = event.nodeId === null ? 'events' : `node/${event.nodeId}`;
    return {
      title: eventSentence(event),
      link: address === null ? null : `${address}#/${path}`,
      description: `${eventSentence(event)} (${event.at})`,
      guid: `${name}:event:${event.id}:${event.at}`,
      category: event.kind,
      atMs: Date.parse(event.at),
    };
  });
  return rssText(channel, items);
}
