// The route at which readers find the public keys for signed messages: a JWK set (RFC 7517). It needs no API key,
// because it shows only public keys.

import type { FastifyInstance } from 'fastify';
import type { PublicJwk } from '../lib/ed25519.ts';

/** What the route needs from its program. */
export interface KeySetParts {
  /** What the keys sign, for the API description. */
  readonly keySetSummary: string;
  /**
   * The public keys of the program's signatures; none before the database is open. A key may have members of its program
   * beside those of RFC 8037: they are shown too, and readers that do not know them pass them over (RFC 7517).
   */
  publicKeys(): readonly PublicJwk[];
}

const MEDIA_TYPE = 'application/jwk-set+json';

/** Adds the route `/.well-known/aggregator/keys`. */
export function addKeySetRoute(app: FastifyInstance, parts: KeySetParts): void {
  const schema = {
    summary: parts.keySetSummary,
    produces: [MEDIA_TYPE],
    response: {
      200: { type: 'object', properties: { keys: { type: 'array', items: { type: 'object' } } } },
    },
  };
  app.get('/.well-known/aggregator/keys', { schema }, (_request, reply) =>
    reply
      .header('content-type', MEDIA_TYPE)
      .header('access-control-allow-origin', '*')
      .send(JSON.stringify({ keys: parts.publicKeys() })),
  );
}
