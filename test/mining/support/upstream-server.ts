// Upstreams for tests: real servers on 127.0.0.1 that answer, refuse, hang, reset or say anything at all.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Submission } from '../../../src/mining/domain/submission.ts';

/** A request as it came. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Names and values in their order. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** The method of JSON-RPC. */
  readonly asked: string;
  /** The remote port: equal ones came over one connection. */
  readonly port: number;
}

export type Behaviour = (seen: Seen, response: ServerResponse, nth: number) => void;

export interface UpstreamServer {
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

export const SIGNATURE = 'ab'.repeat(32);

/** The text of an information. */
export function informationText(height: number | bigint | string, blockHash: string, more = ''): string {
  return `{"generation_signature":"${SIGNATURE}","base_target":36650387592,"height":${height},"block_hash":"${blockHash}"${more}}`;
}

/** The answer to `get_mining_info`. */
export const information = (height: number | bigint | string, blockHash: string, more = '') =>
  json(`{"jsonrpc":"2.0","id":null,"result":${informationText(height, blockHash, more)}}`);

export const ACCEPTED = json('{"jsonrpc":"2.0","id":1,"result":{"raw_quality":400,"poc_time":7}}');

export const refusal = (code: number, message = 'their words') =>
  json({ jsonrpc: '2.0', id: null, error: { code, message } });

export async function upstreamServer(first: Behaviour, port = 0): Promise<UpstreamServer> {
  const seen: Seen[] = [];
  let behaviour = first;
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const one: Seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body,
        asked: /"method":"(\w+)"/.exec(body)?.[1] ?? '',
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

export const SUBMISSION: Submission = {
  blockHash: 'Hash "1"\\ü',
  height: 12_345n,
  generationSignature: 'Ab'.repeat(32),
  baseTarget: 36_650_387_592n,
  accountId: '99BC78BA577A95A11F1A344D4D2AE55F2F857B98',
  seed: 'AFfe'.repeat(16),
  nonce: 2n ** 64n - 1n,
  compression: 3,
  rawQuality: 2n ** 63n,
};
