// Refuses what changes something and comes from a page of another site. A browser sends a simple POST to any address and
// only hides the answer; browsers name the site in a header.

import type { FastifyInstance } from 'fastify';
import { refuse } from '../../http/answers.ts';

/** Adds the check to all routes that are added after this call. */
export function refuseOtherSites(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (!isReading && request.headers['sec-fetch-site'] === 'cross-site')
      refuse(reply, 'forbidden', 'a page of another site may not send this request');
    else done();
  });
}
