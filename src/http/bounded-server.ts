// An HTTP server that bounds what a client may cost: connections, time, headers, bodies. It refuses what the parser
// refuses, and listens. It has no route. With its neighbours the only owner of fastify.

import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { CodedError } from '../lib/errors.ts';
import { listenFault } from '../lib/listen-fault.ts';
import { reachedAt } from '../lib/own-address.ts';
import type { Part } from '../lib/part.ts';
import { limitPerAddress } from './address-share.ts';
import { HTTP_ERRORS, SECURITY_HEADERS, errorBody, refuse, type HttpErrorCode } from './answers.ts';
import { VALIDATION } from './validation.ts';

/** Connections at the same time; more are closed at once. A browser holds one feed for its open pages and, while they ask, some more. */
export const HTTP_CONNECTIONS_MAX = 3_072;
/** Of these, what one address may hold: nearly all, for a reverse proxy is one, but never those that probes need. */
export const HTTP_CONNECTIONS_PER_ADDRESS_MAX = 2_816;
/** Longest time in which a client must have sent its whole request. */
export const HTTP_REQUEST_TIME_MAX_MS = 10_000;
/** How often connections are looked over for requests that take longer. */
export const HTTP_CHECK_INTERVAL_MS = 1_000;
/** Longest silence on a connection in the middle of a request or answer. */
export const HTTP_CONNECTION_IDLE_MAX_MS = 30_000;
/** How long an unused connection is kept for the next request; above the usual scrape interval of 15 s. */
export const HTTP_KEEP_ALIVE_MS = 20_000;
/** Longest wait for answers under way when HTTP is stopped; then their connections are closed. */
export const HTTP_STOP_GRACE_MS = 1_000;

/** Where to listen; port 0 is any free one. The settings are named in errors. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly hostSetting: string;
  readonly portSetting: string;
}

/** A server that is started and stopped once. */
export interface HttpServer extends Part<{ readonly url: string }> {
  /** Throws `port_in_use`, `settings_invalid` for an address that is not ours, or `listen_failed`. */
  start(): Promise<{ readonly url: string }>;
  /** Finishes answers under way, for at most {@link HTTP_STOP_GRACE_MS}. */
  stop(): Promise<void>;
}

/** Makes the server without a route; nothing listens before `start`. A body has at most `bodyBytesMax` bytes. */
export function createBoundedServer(
  address: ListenAddress,
  bodyBytesMax: number,
): HttpServer & { readonly app: FastifyInstance } {
  const app: FastifyInstance = fastify({
    ...VALIDATION,
    logger: false,
    // Node looks for slow requests every 30 s otherwise.
    http: { connectionsCheckingInterval: HTTP_CHECK_INTERVAL_MS },
    bodyLimit: bodyBytesMax,
    requestTimeout: HTTP_REQUEST_TIME_MAX_MS,
    connectionTimeout: HTTP_CONNECTION_IDLE_MAX_MS,
    keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: 100 },
    frameworkErrors: (_error, _request, reply) =>
      void refuse(reply.headers(SECURITY_HEADERS), 'bad_request', 'the address of the request is not valid'),
    clientErrorHandler: answerBrokenRequest,
  });
  // Answers are text already, which others may share: what is described of them is never used to write one.
  app.setSerializerCompiler(() => JSON.stringify);
  app.server.maxConnections = HTTP_CONNECTIONS_MAX;
  limitPerAddress(app.server, HTTP_CONNECTIONS_PER_ADDRESS_MAX);
  // The headers alone must come as quickly as the whole request.
  app.server.headersTimeout = HTTP_REQUEST_TIME_MAX_MS;
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    done();
  });
  return {
    app,
    async start() {
      // The bounds hold for one server; for `localhost` fastify would make one per address.
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

function listenError(error: unknown, address: ListenAddress): CodedError {
  const { blame, sentence } = listenFault(error, address);
  return new CodedError(LISTEN_CODES[blame], sentence, { cause: error });
}

const LISTEN_CODES = { setting: 'settings_invalid', place: 'port_in_use', machine: 'listen_failed' } as const;

/** An address that people can open: a wildcard is reached at the loopback. */
function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') return `http://${host}`;
  return `http://${reachedAt(host)}:${address.port}`;
}
