// The HTTP server of a program: health, metrics, the API's description, the page, and the program's own routes. It
// checks every request by the schema of its route, and reads a body only on a route that declares one.

import type { FastifyBodyParser, FastifyError, FastifyInstance } from 'fastify';
import { CodedError } from '../lib/errors.ts';
import { BadRequest, refuse, refuseWith } from './answers.ts';
import { createBoundedServer, type HttpServer, type ListenAddress } from './bounded-server.ts';
import { addHealthRoutes, type HealthParts } from './health.ts';
import { refuseMethods } from './methods.ts';
import { addDocumentRoute, type ApiDescription, describeRoutes } from './openapi.ts';
import { addPageRoutes } from './page-files.ts';
import { readWholeNumbers } from './parameter.ts';

/** Maximum size of a request body, if the route sets no limit of its own. */
export const HTTP_BODY_BYTES_MAX = 4_096;

/** What the server needs from a program. */
export interface HttpParts extends HealthParts {
  readonly api: ApiDescription;
  /**
   * Which bodies a route with a schema for its body reads. `declared`: those that the client declares as JSON; others are
   * discarded. `any`: every body, whatever its content type says; an absent or empty one is null. Default `declared`.
   */
  readonly bodies?: 'declared' | 'any';
  /** The folder of the program's `index.html` and its own page files; all pages share further files. */
  readonly pageFolder: URL;
  /** The origins of other sites that may show the page in a frame; none if absent. */
  readonly embedOrigins?: readonly string[];
  /** True if the page exists a second time at `/public`, in its form for the public; false if absent. */
  readonly hasPublicPage?: boolean;
  /** Adds the program's own routes; called once. */
  addRoutes(app: FastifyInstance): void;
  /** Called with the error of each request that failed inside the program; the client learns only that it failed. */
  failed(error: unknown): void;
}

/** Makes the server; it does not listen before `start`. */
export function createHttpServer(address: ListenAddress, parts: HttpParts): HttpServer {
  const { app, start, stop } = createBoundedServer(address, HTTP_BODY_BYTES_MAX, parts.api.errorShape);
  readBodies(app, parts.bodies ?? 'declared');
  readWholeNumbers(app);
  answerErrors(app, parts);
  refuseMethods(app);
  describeRoutes(app, parts.api);
  app.after(() => {
    if (parts.api.anyOrigin) addCors(app);
    addHealthRoutes(app, parts);
    parts.addRoutes(app);
    addDocumentRoute(app);
    addPageRoutes(app, parts.pageFolder, parts);
  });
  return { start, stop };
}

/**
 * Reads a body as JSON on a route that has a schema for it. On other routes it receives the body, up to the limit, and
 * discards it, so that it can send a proper answer.
 */
function readBodies(app: FastifyInstance, bodies: 'declared' | 'any'): void {
  const readJson = app.getDefaultJsonParser('error', 'error');
  const parse: FastifyBodyParser<string> = (request, body, done) => {
    if (request.routeOptions.schema?.body === undefined) return done(null);
    if (bodies === 'any' && body.trim() === '') return done(null);
    return void readJson(request, body, (error, value) =>
      done(error && new BadRequest('bad_request', 'the body is not valid JSON'), value),
    );
  };
  app.removeAllContentTypeParsers();
  if (bodies === 'any') {
    // Without the header fastify neither refuses a malformed content type nor looks for a parser of its own for it.
    app.addHook('onRequest', (request, _reply, done) => {
      delete request.raw.headers['content-type'];
      done();
    });
    app.addContentTypeParser('*', { parseAs: 'string' }, parse);
  } else {
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
    app.addContentTypeParser('application/json', { parseAs: 'string' }, parse);
  }
}

function answerErrors(app: FastifyInstance, parts: Pick<HttpParts, 'failed'>): void {
  app.setErrorHandler((error: FastifyError | CodedError | BadRequest, request, reply) => {
    if (error instanceof BadRequest) return refuseWith(reply, 400, error.code, error.message);
    if (error instanceof CodedError && error.code === 'worker_timeout') {
      return refuse(reply.header('retry-after', '1'), 'worker_timeout', 'the query took too long, try again');
    }
    // The asking part has already logged it. Its message names files of this machine, so the client gets another
    // sentence.
    if (error instanceof CodedError && error.code === 'database_unusable') {
      const message = 'the database cannot be read at the moment, the log of the aggregator says why';
      return refuse(reply.header('retry-after', '5'), 'database_unusable', message);
    }
    const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
    if (status === 413)
      return refuse(reply, 'body_too_large', `a body has at most ${request.routeOptions.bodyLimit} bytes`);
    if (status >= 400 && status < 500) return refuse(reply, 'bad_request', 'the request is not valid');
    parts.failed(error);
    return refuse(reply, 'internal', 'the request failed inside the aggregator, its log says why');
  });
}

/**
 * A page of any origin may read the API; the server looks at no cookie. Such a page cannot send to the API: a browser
 * sends a preflight request before it sends JSON, and the answer allows only GET and HEAD.
 */
function addCors(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/api/'))
      reply.headers({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'Content-Disposition, ETag, Retry-After',
      });
    done();
  });
  app.options('/api/*', (_request, reply) =>
    reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-headers': 'Authorization, If-None-Match',
        'access-control-max-age': '86400',
      })
      .send(),
  );
}
