// The HTTP server of a program: health, metrics, the API's description and the page, with the program's own routes between
// them. What a client sends is checked by the schemas of the routes; a body is read only on a route that declares one.

import type { FastifyError, FastifyInstance } from 'fastify';
import { CodedError } from '../lib/errors.ts';
import { BadRequest, errorBody, refuse, sendJson } from './answers.ts';
import { createBoundedServer, type HttpServer } from './bounded-server.ts';
import { addHealthRoutes, type HealthParts } from './health.ts';
import { refuseMethods } from './methods.ts';
import { addDocumentRoute, type ApiDescription, describeRoutes } from './openapi.ts';
import { addPageRoutes } from './page-files.ts';
import { readWholeNumbers } from './parameter.ts';

/** Largest request body, where a route sets no limit of its own. */
export const HTTP_BODY_BYTES_MAX = 4_096;

/** Where to listen; port 0 is any free one. */
export interface HttpOptions {
  readonly host: string;
  readonly port: number;
}

/** What the server asks of a program. */
export interface HttpParts extends HealthParts {
  readonly api: ApiDescription;
  /** Holds `index.html` and what it loads beside the parts that all pages share. */
  readonly pageFolder: URL;
  /** Adds the program's own routes; called once. */
  addRoutes(app: FastifyInstance): void;
  /** Told of each request that failed inside us; the client learns only that it did. */
  failed(error: unknown): void;
}

/** Makes the server; nothing listens before `start`. */
export function createHttpServer({ host, port }: HttpOptions, parts: HttpParts): HttpServer {
  const address = { host, port, hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' };
  const { app, start, stop } = createBoundedServer(address, HTTP_BODY_BYTES_MAX);
  readBodies(app);
  readWholeNumbers(app);
  answerErrors(app, parts);
  refuseMethods(app);
  describeRoutes(app, parts.api);
  app.after(() => {
    addCors(app);
    addHealthRoutes(app, parts);
    parts.addRoutes(app);
    addDocumentRoute(app);
    addPageRoutes(app, parts.pageFolder);
  });
  return { start, stop };
}

/** A body is read as JSON on a route that has a schema for it. Elsewhere it is taken, up to the limit, only to answer properly. */
function readBodies(app: FastifyInstance): void {
  const readJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (request.routeOptions.schema?.body === undefined) return done(null);
    return void readJson(request, body, (error, value) =>
      done(error && new BadRequest('bad_request', 'the body is not valid JSON'), value),
    );
  });
}

function answerErrors(app: FastifyInstance, parts: Pick<HttpParts, 'failed'>): void {
  app.setErrorHandler((error: FastifyError | CodedError | BadRequest, request, reply) => {
    if (error instanceof BadRequest) return sendJson(reply.code(400), errorBody(error.code, error.message));
    if (error instanceof CodedError && error.code === 'worker_timeout') {
      return refuse(reply.header('retry-after', '1'), 'worker_timeout', 'the query took too long, try again');
    }
    // Told by the one who asked; its sentence names files of ours.
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
 * Any page of any origin may read the API; no cookie is ever looked at. It may not send to it: a browser asks before it sends
 * JSON, and is told that only GET and HEAD are allowed.
 */
function addCors(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/api/'))
      reply.headers({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'ETag, Retry-After',
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
