// An HTTP server on a port of 127.0.0.1 or of another address, which can refuse connections for a while and come back
// on the same port. It knows no protocol above HTTP.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodedError } from '../../lib/errors.ts';
import { listenFault } from '../../lib/listen-fault.ts';
import { reachedAt } from '../../lib/own-address.ts';
import type { Part } from '../../lib/part.ts';

/** Time for which an unused connection stays open. */
const KEEP_ALIVE_MS = 60_000;

/** Bytes of a request's body that are read. */
const BODY_BYTES = 2 * 1_048_576;

/** One whole request. */
export interface WholeRequest {
  readonly message: IncomingMessage;
  readonly body: string;
  readonly response: ServerResponse;
  /** Requests that its connection served before. */
  readonly before: number;
}

/** Where the server listens, and who answers. */
export interface DeafServerOptions {
  readonly host: string;
  /** 0 chooses any free port. */
  readonly port: number;
  /** Answers a request, at once or later. */
  answer(request: WholeRequest): void;
}

/** The server; every connection is closed when it stops or refuses. */
export class DeafServer implements Part<{ readonly url: string }> {
  readonly #options: DeafServerOptions;
  readonly #served = new WeakMap<object, number>();
  #server: Server | null = null;
  #port: number;
  #connections = 0;

  constructor(options: DeafServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** The port, once it is known. */
  get port(): number {
    return this.#port;
  }

  /** Connections that were made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Errors: `listen_failed`. */
  async start(): Promise<{ readonly url: string }> {
    await this.comeBack();
    return { url: `http://${reachedAt(this.#options.host)}:${this.#port}` };
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  /** Closes every connection and refuses new ones. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    server.closeAllConnections();
    await closed;
  }

  /** Listens, on the port of before if there was one. */
  async comeBack(): Promise<void> {
    if (this.#server !== null) return;
    const { host } = this.#options;
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (message, response) => {
      void this.#read(message, response);
    });
    server.on('connection', () => (this.#connections += 1));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        this.#server = null;
        const place = { host, port: this.#port, hostSetting: '--host', portSetting: '--port' };
        reject(new CodedError('listen_failed', listenFault(error, place).sentence, { cause: error }));
      });
      server.listen(this.#port, host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async #read(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = message;
    const before = this.#served.get(socket) ?? 0;
    this.#served.set(socket, before + 1);
    const parts: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const part of message as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > BODY_BYTES) {
          response.writeHead(413, { connection: 'close' }).end();
          return;
        }
        parts.push(part);
      }
    } catch {
      // The caller has gone in the middle of its request.
      return;
    }
    this.#options.answer({ message, body: Buffer.concat(parts).toString(), response, before });
  }
}
