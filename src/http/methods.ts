// Answers requests that match no route: 405 with the header `allow` if the address has routes for other methods,
// otherwise 404.

import type { FastifyInstance } from 'fastify';
import { refuse } from './answers.ts';

/** Answers requests that match none of the routes that are added after this call. */
export function refuseMethods(app: FastifyInstance): void {
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = patternOf(url);
    // OPTIONS is not listed: it serves only CORS preflight requests.
    for (const each of [method].flat()) if (each !== 'OPTIONS') routes.push({ pattern, method: each });
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = '/'] = request.url.split('?', 1);
    const methods = new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (methods.size === 0 || methods.has(request.method))
      return refuse(reply, 'not_found', 'there is nothing at this address');
    const allowed = [...methods].toSorted().join(', ');
    return refuse(reply.header('allow', allowed), 'method_not_allowed', `this address takes only ${allowed}`);
  });
}

/**
 * A pattern for the paths that a route matches. The router's own lookup would read the client's path as a pattern, and
 * throws at a star.
 */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll(/:\w+/g, '[^/]+')}$`);
}
