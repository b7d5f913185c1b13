// Which methods an address takes: another is refused with them in the header `allow`, and what is no address is not found.

import type { FastifyInstance } from 'fastify';
import { refuse } from './answers.ts';

/** Answers requests for which there is no route, by the routes that are added after it. */
export function refuseMethods(app: FastifyInstance): void {
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = patternOf(url);
    // Whether a page of another origin may ask is no use of an address.
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

/** What a route's address matches. The router's own question takes the client's path for a pattern, and throws at a star. */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll(/:\w+/g, '[^/]+')}$`);
}
