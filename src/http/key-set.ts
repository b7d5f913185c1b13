// Where monitors find the key that signs statistics: a JWK set (RFC 7517). Public always, for it says nothing else.

import type { FastifyInstance } from 'fastify';
import type { PublicJwk } from '../lib/ed25519.ts';

/** What the route asks. */
export interface KeySetParts {
  /** The keys whose signatures are ours; none before the database is open. */
  statisticsKeys(): readonly PublicJwk[];
}

const MEDIA_TYPE = 'application/jwk-set+json';

/** Adds the route. */
export function addKeySetRoute(app: FastifyInstance, parts: KeySetParts): void {
  const schema = {
    summary: 'The keys that sign published statistics, a JWK set',
    produces: [MEDIA_TYPE],
    response: {
      200: { type: 'object', properties: { keys: { type: 'array', items: { type: 'object' } } } },
    },
  };
  app.get('/.well-known/aggregator/keys', { schema }, (_request, reply) =>
    reply
      .header('content-type', MEDIA_TYPE)
      .header('access-control-allow-origin', '*')
      .send(JSON.stringify({ keys: parts.statisticsKeys() })),
  );
}
