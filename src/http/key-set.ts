// Where monitors find the key that signs statistics: a JWK set (RFC 7517). Public always, for it says nothing else.

import type { FastifyInstance } from 'fastify';
import type { PublicJwk } from '../lib/statistics-signature.ts';

/** What the route asks. */
export interface KeySetParts {
  /** The keys whose signatures are ours; none before the database is open. */
  statisticsKeys(): readonly PublicJwk[];
}

/** Adds the route. */
export function addKeySetRoute(app: FastifyInstance, parts: KeySetParts): void {
  app.get('/.well-known/aggregator/keys', (_request, reply) =>
    reply
      .header('content-type', 'application/jwk-set+json')
      .header('access-control-allow-origin', '*')
      .send(JSON.stringify({ keys: parts.statisticsKeys() })),
  );
}
