// An HTTP server that limits the cost of a client: connections, time, headers, bodies. It answers requests that the
// HTTP parser refuses, and explains why it cannot listen. It has no route. Only the files of this folder use fastify.

import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { listenError } from '../lib/listen-fault.ts';
import { reachedAt } from '../lib/own-address.ts';
import type { Part } from '../lib/part.ts';
import { limitPerAddress } from '../io/address-share.ts';
import {
  type ErrorShape,
  errorBody,
  HTTP_ERRORS,
  type HttpErrorCode,
  refuse,
  SECURITY_HEADERS,
} from './answers.ts';
import { VALIDATION } from './validation.ts';

/**
 * Maximum number of open connections; the server closes further ones at once. A browser holds one connection for the
 * feed of all its pages, and a few more while its pages ask.
 */
export const HTTP_CONNECTIONS_MAX = 3_072;
/**
 * Maximum number of these per client address. Nearly all, because a reverse proxy is one address; the rest stays free
 * for probes.
 */
export const HTTP_CONNECTIONS_PER_ADDRESS_MAX = 2_816;
/** Maximum time in which a client must have sent its whole request. */
export const HTTP_REQUEST_TIME_MAX_MS = 10_000;
/** Time between two checks for connections whose request takes too long. */
export const HTTP_CHECK_INTERVAL_MS = 1_000;
/** Maximum silence on a connection in the middle of a request or an answer. */
export const HTTP_CONNECTION_IDLE_MAX_MS = 30_000;
/** Time for which an unused connection stays open for the next request; above the usual scrape interval of 15 s. */
export const HTTP_KEEP_ALIVE_MS = 20_000;
/** Maximum time that a stop waits for answers that are being sent; then the server closes their connections. */
export const HTTP_STOP_GRACE_MS = 1_000;

/** The address to listen at; port 0 chooses any free port. Errors name the two settings. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly hostSetting: string;
  readonly portSetting: string;
}

/** A server that is started and stopped once. */
export interface HttpServer extends Part<{ readonly url: string }> {
  /** Errors: `port_in_use`; `settings_invalid` if this machine does not have the address; `listen_failed`. */
  start(): Promise<{ readonly url: string }>;
  /** Waits at most {@link HTTP_STOP_GRACE_MS} for answers that are being sent. */
  stop(): Promise<void>;
}

/**
 * Makes the server without a route; it does not listen before `start`. A body has at most `bodyBytesMax` bytes. All its
 * refusals have the shape `errorShape`.
 */
export function createBoundedServer(
  address: ListenAddress,
  bodyBytesMax: number,
  errorShape: ErrorShape = 'nested',
): HttpServer & { readonly app: FastifyInstance } {
  const upgradePaths = new Set<string>();
  const app: FastifyInstance = fastify({
    ...VALIDATION,
    logger: false,
    // Node's default is to look for slow requests every 30 s.
    // Node would answer a request without a host by itself, without a body.
    // A client may offer an upgrade with any request, for example to HTTP/2; elsewhere the offer is ignored.
    http: {
      connectionsCheckingInterval: HTTP_CHECK_INTERVAL_MS,
      requireHostHeader: false,
      shouldUpgradeCallback: ({ url = '' }) => upgradePaths.has(url.split('?', 1)[0] ?? ''),
    },
    bodyLimit: bodyBytesMax,
    requestTimeout: HTTP_REQUEST_TIME_MAX_MS,
    connectionTimeout: HTTP_CONNECTION_IDLE_MAX_MS,
    keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: 100 },
    frameworkErrors: (_error, _request, reply) =>
      void refuse(reply.headers(SECURITY_HEADERS), 'bad_request', 'the address of the request is not valid'),
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, errorShape),
  });
  app.decorate('errorShape', errorShape);
  app.decorate('upgradePaths', upgradePaths);
  // Handlers send finished text, which several requests may share, so fastify never serializes by a response schema.
  app.setSerializerCompiler(() => JSON.stringify);
  app.server.maxConnections = HTTP_CONNECTIONS_MAX;
  limitPerAddress(app.server, HTTP_CONNECTIONS_PER_ADDRESS_MAX);
  // The headers alone have the same time limit as the whole request.
  app.server.headersTimeout = HTTP_REQUEST_TIME_MAX_MS;
  // Node would refuse an expectation other than 100-continue, without a body. A server may ignore it (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.addHook('onRequest', ({ headers, raw }, reply, done) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    if (headers.host === undefined && raw.httpVersion !== '1.0')
      refuse(reply, 'bad_request', 'the request has no header Host');
    else done();
  });
  return {
    app,
    async start() {
      // The limits hold for one server, and fastify makes one server per address of `localhost`.
      const host = address.host === 'localhost' ? '127.0.0.1' : address.host;
      try {
        await app.listen({ host, port: address.port });
      } catch (error) {
        throw listenError(error, address);
      }
      return { url: urlOf(app.server.address(), address.host) };
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

const PARSER_ERRORS: Readonly<Record<string, readonly [HttpErrorCode, string, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'Request Timeout', 'the request came too slowly'],
};

/** Answers a request that the HTTP parser refused. There is no request or reply object yet, only the connection. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, errorShape: ErrorShape): void {
  // The client reset the connection, or it is already answered: no client would read the answer.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [code, phrase, message] = PARSER_ERRORS[error.code ?? ''] ?? [
    'bad_request' as const,
    'Bad Request',
    'the request is not valid HTTP',
  ];
  const body = errorBody(code, message, errorShape);
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

/** The server's address in a form that a browser can open: loopback for a wildcard address. */
function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') return `http://${host}`;
  return `http://${reachedAt(host)}:${address.port}`;
}
