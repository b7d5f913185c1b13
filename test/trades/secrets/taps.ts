// Two doors that a test stands behind: a Unix socket that passes everything on and keeps a copy, and an HTTP server that
// passes requests on, or answers with all that the request had in it.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A copy of all that crossed a Unix socket, in both directions. */
export class SocketTap {
  readonly #pieces: Buffer[] = [];

  /** What crossed so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** Forgets what crossed so far. */
  clear(): void {
    this.#pieces.length = 0;
  }

  /** Listens at `path`, and connects each connection to `target`. */
  async start(path: string, target: string): Promise<this> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(target);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.on('data', (piece: Buffer) => {
          this.#pieces.push(piece);
          to.write(piece);
        });
        from.on('error', () => undefined);
        from.on('close', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return this;
  }
}

type Answer = (request: { readonly method: string; readonly echo: string }, response: ServerResponse) => void;

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Answers of a server that gives back what it got. */
export const ECHOES: Readonly<Record<string, Answer>> = {
  refusal: ({ echo }, response) =>
    json(response, 400, {
      code: -1102,
      msg: echo,
      retCode: 10_001,
      retMsg: echo,
      error: [`EGeneral:${echo}`],
    }),
  'code that is no code': ({ echo }, response) =>
    json(response, 200, { code: echo, msg: echo, retCode: echo, retMsg: echo, error: [echo] }),
  rows: ({ echo }, response) => json(response, 200, rowsOf(echo)),
  'rows in a result': ({ echo }, response) =>
    json(response, 200, {
      retCode: 0,
      error: [],
      result: { [echo]: rowsOf(echo), list: rowsOf(echo), trades: { [echo]: rowsOf(echo)[0] } },
    }),
  'not JSON': ({ echo }, response) => response.writeHead(200).end(`{"msg": ${echo}`),
  page: ({ echo }, response) =>
    response.writeHead(500, echo.replaceAll(/[^ -~]/g, '').slice(0, 2_000)).end(`<html>${echo}`),
  redirect: ({ echo }, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:1/?${encodeURIComponent(echo)}` }).end(echo),
  headers: ({ echo }, response) =>
    response
      .writeHead(503, { 'retry-after': encodeURIComponent(echo), 'x-echo': encodeURIComponent(echo) })
      .end(),
  'wrong packing': ({ echo }, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(echo),
  'cut packing': ({ echo }, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(echo).subarray(0, 40)),
  cut: ({ echo }, response) => {
    response.writeHead(200, { 'content-length': '100000' }).write(echo, () => response.destroy());
  },
  'no HTTP': ({ echo }, response) => void response.socket?.end(echo),
};

/** Rows that have the members of fills, and in each of them the echo or what is no number. */
function rowsOf(echo: string): readonly object[] {
  const members = [
    'symbol',
    'pair',
    'price',
    'execPrice',
    'qty',
    'vol',
    'execQty',
    'time',
    'execTime',
    'id',
    'execId',
    'orderId',
    'side',
    'commission',
    'fee',
    'commissionAsset',
  ];
  return [echo, 'NaN', 'Infinity', '1e400', null, -1, {}, []].map((value) =>
    Object.fromEntries(members.map((name) => [name, value])),
  );
}

/** An HTTP server before another one. */
export class HttpTap {
  /** Method, address, headers and body of all requests. */
  readonly requests: string[] = [];
  /** How the next requests with a credential are answered; null: as the server behind it says. */
  echo: Answer | null = null;
  /** Requests that were answered so. */
  echoed = 0;
  url = '';

  /** Listens, and passes on to `target`. `isEchoed` says which requests the echo is for. */
  async start(target: string, isEchoed: (request: IncomingMessage) => boolean = () => true): Promise<this> {
    const server = createHttpServer(
      (request, response) => void this.#take(target, isEchoed(request), request, response),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return this;
  }

  async #take(
    target: string,
    isEchoed: boolean,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const { method = 'GET', url = '/' } = request;
    this.requests.push(`${method} ${url} ${JSON.stringify(request.headers)} ${body.toString()}`);
    if (this.echo !== null && isEchoed) {
      this.echoed += 1;
      this.echo(
        { method, echo: `ECHO ${method} ${url} ${JSON.stringify(request.headers)} ${body.toString()}` },
        response,
      );
      return;
    }
    const {
      host: _,
      connection: _c,
      'content-length': _l,
      'accept-encoding': _e,
      ...headers
    } = request.headers;
    const sent = { method, headers: headers as Record<string, string>, redirect: 'manual' as const };
    const answer = await fetch(`${target}${url}`, body.length > 0 ? { ...sent, body } : sent).catch(
      () => null,
    );
    if (answer === null) return void response.destroy();
    const {
      'content-encoding': _x,
      'content-length': _y,
      'transfer-encoding': _z,
      ...told
    } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, told).end(Buffer.from(await answer.arrayBuffer()));
  }
}
