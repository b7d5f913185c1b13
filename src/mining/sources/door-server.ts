// The HTTP server behind the miners' door, with or without TLS: limits connections, headers and time, and answers what
// the HTTP parser refuses. It has no route.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { limitPerAddress } from '../../io/address-share.ts';
import { CodedError } from '../../lib/errors.ts';
import { networkOf } from '../domain/address-network.ts';
import { shareOfOneAddress } from './connection-limit.ts';
import type { DoorConnections } from './door-connections.ts';
import type { DoorCounts } from './door-counts.ts';
import { shownAddress } from './peer-name.ts';

/** Longest headers of a request. */
export const HEADER_BYTES_MAX = 16_384;
/** Time for which an unused connection stays open. Miners use one again for 90 s, and must never meet a closing one. */
export const UNUSED_CONNECTION_MS = 120_000;
const HANDSHAKE_MS = 10_000;

/** The certificate chain and its key, as the text of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What the server is made for. */
export interface DoorServerParts {
  /** Null for HTTP without TLS. */
  readonly tls: Certificate | null;
  /** Most open connections. */
  readonly connectionsMax: number;
  readonly connections: DoorConnections;
  readonly counts: DoorCounts;
  /** Takes a connection whose handshake, if there is one, has not ended. */
  accepted(socket: Socket): void;
  received(request: IncomingMessage, response: ServerResponse): void;
}

/** Makes the server, which does not listen yet. Throws `settings_invalid` for a certificate that cannot be used. */
export function makeDoorServer(parts: DoorServerParts): Server {
  const { tls, connectionsMax, connections, counts } = parts;
  const server = plainOrTls(tls);
  server.timeout = UNUSED_CONNECTION_MS;
  server.maxConnections = connectionsMax;
  server.on('drop', () => {
    counts.refusals.limit += 1;
  });
  const refused = () => {
    counts.refusals.address += 1;
  };
  limitPerAddress(server, shareOfOneAddress(connectionsMax), refused, (address) =>
    networkOf(shownAddress(address) ?? address),
  );
  server.on('connection', (socket: Socket) => {
    if (!socket.destroyed) parts.accepted(socket);
  });
  server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    if (!socket.destroyed) connections.add(socket, shownAddress(socket.remoteAddress ?? '') ?? 'unknown');
  });
  server.on('request', (request, response) => parts.received(request, response));
  server.on('clientError', (error: Error & { code?: string }, socket) =>
    refuseBroken(error.code, socket as Socket, parts),
  );
  server.on('connect', (_request, socket) => refuseBroken('CONNECT', socket as Socket, parts));
  return server;
}

function plainOrTls(tls: Certificate | null): Server {
  const limits = {
    maxHeaderSize: HEADER_BYTES_MAX,
    keepAliveTimeout: UNUSED_CONNECTION_MS,
    // Node's own timers of a request would also cut a connection that has not been used yet.
    headersTimeout: 0,
    requestTimeout: 0,
    noDelay: true,
  };
  if (tls === null) return createServer(limits);
  try {
    return createTlsServer({ ...limits, ...tls, handshakeTimeout: HANDSHAKE_MS, minVersion: 'TLSv1.2' });
  } catch (error) {
    throw new CodedError(
      'settings_invalid',
      'server.tls: certificate and key cannot be used: give a PEM certificate and the PEM key that belongs to it',
      { cause: error },
    );
  }
}

const BROKEN: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  CONNECT: [405, 'Method Not Allowed'],
};

/** Answers a request that the HTTP parser refused; there is only its connection. */
function refuseBroken(
  code: string | undefined,
  socket: Socket,
  { connections, counts }: Pick<DoorServerParts, 'connections' | 'counts'>,
): void {
  const connection = connections.of(socket);
  // An answer that is under way must not be mixed with another one; a failed handshake has no HTTP.
  if (connection === undefined || connection.underWay > 0 || code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] = BROKEN[code ?? ''] ?? [400, 'Bad Request'];
  const headers = [
    'content-type: text/plain; charset=utf-8',
    `content-length: ${phrase.length + 1}`,
    'connection: close',
  ];
  counts.answer(status, null);
  socket.write(`HTTP/1.1 ${status} ${phrase}\r\n${headers.join('\r\n')}\r\n\r\n${phrase}\n`);
  socket.destroySoon();
}
