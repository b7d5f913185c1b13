// The HTTP server: bounds on what a client may cost us, headers, errors, start and stop. It only reads; no route
// changes anything. With its neighbours the only owner of fastify.

import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import {
  HTTP_BODY_BYTES_MAX,
  HTTP_CHECK_INTERVAL_MS,
  HTTP_CONNECTIONS_MAX,
  HTTP_CONNECTIONS_PER_ADDRESS_MAX,
  HTTP_CONNECTION_IDLE_MAX_MS,
  HTTP_KEEP_ALIVE_MS,
  HTTP_REQUEST_TIME_MAX_MS,
  HTTP_STOP_GRACE_MS,
} from '../config/bounds.ts';
import { CodedError } from '../lib/errors.ts';
import { listenFault } from '../lib/listen-fault.ts';
import { reachedAt } from '../lib/own-address.ts';
import { limitPerAddress } from './address-share.ts';
import { HTTP_ERRORS, SECURITY_HEADERS, errorBody, refuse, type HttpErrorCode } from './answers.ts';
import { mayRead, requireBearer, type BearerParts } from './bearer.ts';
import { addFederationRoutes, type FederationParts } from './federation.ts';
import { addHealthRoutes, type HealthParts } from './health.ts';
import { addKeySetRoute, type KeySetParts } from './key-set.ts';
import { addPageRoutes } from './assets.ts';
import { addEventRoute } from './events.ts';
import type { FeedCounts } from './feed.ts';
import { collectDescriptions } from './openapi.ts';
import { BadParameter } from './query.ts';

/** Where to listen; port 0 is any free one. */
export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** `required`: what lies under /api/ needs an API key. */
  readonly apiAuth: 'open' | 'required';
}

/** What HTTP asks of the program. */
export interface HttpParts extends HealthParts, FederationParts, BearerParts, KeySetParts {
  /** Told of each request that failed inside us; the client learns only that it did. */
  failed(error: unknown): void;
}

/** A server that is started and stopped once. */
export interface HttpServer {
  /** Throws `port_in_use`, `settings_invalid` for an address that is not ours, or `listen_failed`. */
  start(): Promise<{ readonly url: string }>;
  /** Readers of the live feed. */
  feed(): FeedCounts;
  /** Finishes answers under way, for at most {@link HTTP_STOP_GRACE_MS}. */
  stop(): Promise<void>;
}

/** Makes the server; nothing listens before `start`. */
export function createHttpServer(options: HttpOptions, parts: HttpParts): HttpServer {
  const { app, feed } = createApp(options, parts);
  return {
    feed,
    async start() {
      // The bounds below hold for one server; for `localhost` fastify would make one per address.
      const host = options.host === 'localhost' ? '127.0.0.1' : options.host;
      try {
        await app.listen({ host, port: options.port });
      } catch (error) {
        throw listenError(error, options);
      }
      return { url: urlOf(app.server.address(), options.host) };
    },
    async stop() {
      const timer = setTimeout(() => app.server.closeAllConnections(), HTTP_STOP_GRACE_MS);
      try {
        await app.close();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function createApp(
  options: HttpOptions,
  parts: HttpParts,
): { readonly app: FastifyInstance; readonly feed: () => FeedCounts } {
  const app: FastifyInstance = fastify({
    logger: false,
    // Node looks for slow requests every 30 s otherwise.
    http: { connectionsCheckingInterval: HTTP_CHECK_INTERVAL_MS },
    bodyLimit: HTTP_BODY_BYTES_MAX,
    requestTimeout: HTTP_REQUEST_TIME_MAX_MS,
    connectionTimeout: HTTP_CONNECTION_IDLE_MAX_MS,
    keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: 100 },
    frameworkErrors: (_error, _request, reply) =>
      void refuse(reply.headers(SECURITY_HEADERS), 'bad_request', 'the address of the request is not valid'),
    clientErrorHandler: answerBrokenRequest,
  });
  app.server.maxConnections = HTTP_CONNECTIONS_MAX;
  limitPerAddress(app.server, HTTP_CONNECTIONS_PER_ADDRESS_MAX);
  // The headers alone must come as quickly as the whole request.
  app.server.headersTimeout = HTTP_REQUEST_TIME_MAX_MS;
  // No route reads a body; it is taken up to the limit only to answer properly.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    done();
  });
  addCors(app);
  const readRoutes: RegExp[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    if (method.includes('GET')) readRoutes.push(patternOf(url));
  });
  if (options.apiAuth === 'required') requireBearer(app, parts);
  const addDescription = collectDescriptions(app);
  addHealthRoutes(app, parts);
  addKeySetRoute(app, parts);
  addFederationRoutes(app, parts);
  const feed = addEventRoute(
    app,
    parts,
    (header) => options.apiAuth !== 'required' || mayRead(header, parts),
  );
  addDescription();
  addPageRoutes(app);
  app.setNotFoundHandler((request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead && readRoutes.some((route) => route.test(pathOf(request)))) {
      return refuse(reply.header('allow', 'GET, HEAD'), 'method_not_allowed', 'this address is only read');
    }
    return refuse(reply, 'not_found', 'there is nothing at this address');
  });
  app.setErrorHandler((error: FastifyError | CodedError | BadParameter, _request, reply) => {
    if (error instanceof BadParameter) return refuse(reply, error.code, error.message);
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
  return { app, feed };
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

const PARSER_ERRORS: Readonly<Record<string, readonly [HttpErrorCode, string, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'Request Timeout', 'the request came too slowly'],
};

/** Answers what the parser refused; there is no request and no reply yet, only the connection. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // Reset by the client, or already answered: nobody listens.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [code, phrase, message] = PARSER_ERRORS[error.code ?? ''] ?? [
    'bad_request' as const,
    'Bad Request',
    'the request is not valid HTTP',
  ];
  const body = errorBody(code, message);
  const headers = {
    ...SECURITY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable)
    socket.write(`HTTP/1.1 ${HTTP_ERRORS[code]} ${phrase}\r\n${lines.join('')}\r\n${body}`);
  socket.destroySoon();
}

function listenError(error: unknown, { host, port }: HttpOptions): CodedError {
  const settings = { hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' };
  const { blame, sentence } = listenFault(error, { host, port, ...settings });
  return new CodedError(LISTEN_CODES[blame], sentence, { cause: error });
}

const LISTEN_CODES = { setting: 'settings_invalid', place: 'port_in_use', machine: 'listen_failed' } as const;

/** An address that people can open: a wildcard is reached at the loopback. */
function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') return `http://${host}`;
  return `http://${reachedAt(host)}:${address.port}`;
}
