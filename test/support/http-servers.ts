// Servers for tests on 127.0.0.1 that answer, refuse, hang, reset or say anything at all, and note what came.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A request as it came. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Names and values in their order. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** The remote port: equal ones came over one connection. */
  readonly port: number;
}

export type Behaviour = (seen: Seen, response: ServerResponse, nth: number) => void;

export interface AnsweringServer {
  readonly port: number;
  readonly url: string;
  readonly seen: Seen[];
  /** What the next requests meet. */
  behave(behaviour: Behaviour): void;
  /** Closes all connections and refuses new ones. */
  close(): Promise<void>;
}

/** Answers JSON with a status. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Behaviour {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (_seen, response) => void response.writeHead(status, headers).end(text);
}

/** A server that reads each request to its end; port 0 is any free one. */
export async function answeringServer(first: Behaviour, port = 0): Promise<AnsweringServer> {
  const seen: Seen[] = [];
  let behaviour = first;
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const one: Seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks).toString('utf8'),
        port: request.socket.remotePort ?? 0,
      };
      seen.push(one);
      behaviour(one, response, seen.length);
    });
  });
  server.keepAliveTimeout = 60_000;
  const bound = await listening(server, port);
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/`,
    seen,
    behave: (next) => {
      behaviour = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A server of bare bytes: `take` gets each connection, and the requests that came over all of them so far. */
export async function rawServer(take: (socket: Socket, text: string, nth: number) => void) {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => take(socket, chunk.toString('latin1'), ++requests));
  });
  const port = await listening(server, 0);
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    /** Open connections. */
    get connections() {
      return sockets.size;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listening(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
