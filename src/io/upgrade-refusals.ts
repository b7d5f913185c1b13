// Answers requests to a port for WebSockets that ask for no upgrade, and those that the HTTP parser refuses. It upgrades
// nothing.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const PLAIN_BODY = 'This port takes WebSocket connections only.\n';

/** Answers a request without an upgrade with 426, whatever its method is, and closes its connection. */
export function refusePlainRequest(response: ServerResponse): void {
  response.writeHead(426, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': PLAIN_BODY.length,
    upgrade: 'websocket',
    connection: 'close',
  });
  response.end(PLAIN_BODY);
}

/** Refuses an upgrade with this status, for example `403 Forbidden`; there is only the connection of its request. */
export function refuseUpgrade(status: string, socket: Socket): void {
  // A client that resets its connection meanwhile must not end the process.
  socket.on('error', () => {});
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.destroySoon();
}

const BROKEN: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Answers a request that the HTTP parser refused for the reason of this code; there is only its connection. */
export function refuseBrokenRequest(code: string | undefined, socket: Socket): void {
  // The client reset the connection, or it is closing already: no client would read the answer.
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = BROKEN[code ?? ''] ?? '400 Bad Request';
  socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.destroySoon();
}
