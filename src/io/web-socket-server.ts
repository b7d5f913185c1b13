// A WebSocket server on a port of its own. It limits connections in all and for each address, and the time for the
// upgrade; the connections limit the rest. What is said on a connection is decided elsewhere and handed in.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Listener, listenError } from '../lib/listen-fault.ts';
import { reachedAt } from '../lib/own-address.ts';
import type { Part } from '../lib/part.ts';
import type { Timer, Timers } from '../lib/timers.ts';
import { limitPerAddress } from './address-share.ts';
import { refuseBrokenRequest, refusePlainRequest } from './upgrade-refusals.ts';
import {
  type ConnectionCounts,
  type ConnectionLimits,
  type ConnectionParts,
  WebSocketConnections,
} from './web-socket-connections.ts';

/** Answers of a connection that wait for its client, in bytes; above it, the connection is read no further. */
export const UNSENT_ANSWER_BYTES_MAX = 65_536;
const UPGRADE_HEADER_BYTES = 16_384;
/** Time in which the request of the upgrade must have come. */
const UPGRADE_MS = 10_000;
const LOOK_MS = 1_000;
const STOP_MS = 700;

/** Where the server listens, and how many it serves. */
export interface WebSocketServerOptions extends Listener, ConnectionLimits {
  /** Most open connections, at least 1. */
  readonly connectionsMax: number;
}

/** What the server needs of its owner. */
export interface WebSocketServerParts extends Pick<ConnectionParts, 'clock' | 'accept'> {
  readonly timers: Pick<Timers, 'every' | 'after'>;
}

/** What was counted since the start. */
export interface WebSocketCounts extends ConnectionCounts {
  readonly isListening: boolean;
  readonly connectionsMax: number;
  /** By whether all connections were taken, those of one address, or all files of the system. */
  readonly refused: Readonly<Record<'limit' | 'address' | 'system', number>>;
  /** Requests that were answered without an upgrade: those of other programs, and broken ones. */
  readonly notUpgraded: number;
}

/** Most connections of one address: nearly all, because a reverse proxy is one address. */
export function webSocketShare(connectionsMax: number): number {
  return Math.max(1, connectionsMax - Math.floor(connectionsMax / 8));
}

/** Listens from `start` to `stop`. */
export class WebSocketServer implements Part<{ readonly url: string }> {
  readonly #options: WebSocketServerOptions;
  readonly #parts: WebSocketServerParts;
  readonly #connections: WebSocketConnections;
  readonly #refused = { limit: 0, address: 0, system: 0 };
  #notUpgraded = 0;
  #server: Server | null = null;
  #looking: Timer | null = null;
  #isStopping = false;

  constructor(options: WebSocketServerOptions, parts: WebSocketServerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#connections = new WebSocketConnections(options, parts);
  }

  get counts(): WebSocketCounts {
    return {
      ...this.#connections.counts,
      isListening: this.#server?.listening === true,
      connectionsMax: this.#options.connectionsMax,
      refused: { ...this.#refused },
      notUpgraded: this.#notUpgraded,
    };
  }

  /** Errors: `port_in_use`, `listen_failed`, or `settings_invalid` for an address that this machine does not have. */
  async start(): Promise<{ readonly url: string }> {
    const server = this.#makeServer();
    this.#server = server;
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, this.#options)));
      server.listen({ host, port }, resolve);
    });
    // The system may have no descriptor for a new connection. Without a listener this error would end the process.
    server.on('error', () => {
      this.#refused.system += 1;
    });
    this.#looking = this.#parts.timers.every(LOOK_MS, () => this.look());
    if (this.#isStopping) await this.stop();
    const { port: bound } = (server.address() ?? { port }) as AddressInfo;
    return { url: `ws://${reachedAt(host)}:${bound}` };
  }

  /** Tells all clients that the server goes away, and closes what is left after 0.7 s. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#looking?.cancel();
    const server = this.#server;
    if (server?.listening !== true) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const timer = this.#parts.timers.after(STOP_MS, () => server.closeAllConnections());
    await Promise.all([closed, this.#connections.stop()]);
    timer.cancel();
  }

  /** Looks now which clients are still there; the server does so once a second. */
  look(): void {
    this.#connections.look();
  }

  #makeServer(): Server {
    const { connectionsMax } = this.#options;
    const server = createServer({
      maxHeaderSize: UPGRADE_HEADER_BYTES,
      headersTimeout: UPGRADE_MS,
      requestTimeout: UPGRADE_MS,
      // Node's default is to look for slow requests every 30 s.
      connectionsCheckingInterval: LOOK_MS,
      highWaterMark: UNSENT_ANSWER_BYTES_MAX,
      noDelay: true,
    });
    server.maxConnections = connectionsMax;
    server.on('drop', () => {
      this.#refused.limit += 1;
    });
    limitPerAddress(server, webSocketShare(connectionsMax), () => {
      this.#refused.address += 1;
    });
    server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
      this.#notUpgraded += 1;
      refusePlainRequest(response);
    });
    server.on('clientError', (error: Error & { code?: string }, socket) => {
      this.#notUpgraded += 1;
      refuseBrokenRequest(error.code, socket as Socket);
    });
    server.on('upgrade', (request, socket, head) => {
      const isTaken = this.#connections.upgrade(request, socket as Socket, head);
      if (!isTaken && !this.#isStopping) this.#notUpgraded += 1;
    });
    return server;
  }
}
