// The HTTP server of a program that is read and not changed: health, metrics, the API's description and the page, with the
// program's own routes between them.

import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { CodedError } from '../lib/errors.ts';
import { refuse, refuseParameter } from './answers.ts';
import { createBoundedServer, type HttpServer } from './bounded-server.ts';
import { addHealthRoutes, type HealthParts } from './health.ts';
import { type ApiDescription, collectDescriptions } from './openapi.ts';
import { addPageRoutes } from './page-files.ts';
import { BadParameter } from './query.ts';

/** Largest request body: no route reads one yet. */
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
  // No route reads a body; it is taken up to the limit only to answer properly.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  addCors(app);
  const readRoutes: RegExp[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    if (method.includes('GET')) readRoutes.push(patternOf(url));
  });
  const addDescription = collectDescriptions(app, parts.api);
  addHealthRoutes(app, parts);
  parts.addRoutes(app);
  addDescription();
  addPageRoutes(app, parts.pageFolder);
  app.setNotFoundHandler((request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead && readRoutes.some((route) => route.test(pathOf(request)))) {
      return refuse(reply.header('allow', 'GET, HEAD'), 'method_not_allowed', 'this address is only read');
    }
    return refuse(reply, 'not_found', 'there is nothing at this address');
  });
  answerErrors(app, parts);
  return { start, stop };
}

function answerErrors(app: FastifyInstance, parts: Pick<HttpParts, 'failed'>): void {
  app.setErrorHandler((error: FastifyError | CodedError | BadParameter, _request, reply) => {
    if (error instanceof BadParameter) return refuseParameter(reply, error.code, error.message);
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
      return refuse(reply, 'body_too_large', `a body has at most ${HTTP_BODY_BYTES_MAX} bytes`);
    if (status >= 400 && status < 500) return refuse(reply, 'bad_request', 'the request is not valid');
    parts.failed(error);
    return refuse(reply, 'internal', 'the request failed inside the aggregator, its log says why');
  });
}

/** Any page of any origin may read the API; nothing is changed by it, and no cookie is ever looked at. */
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

/** What a route's address matches. The router's own question takes the client's path for a pattern, and throws at a star. */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll(/:\w+/g, '[^/]+')}$`);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}
