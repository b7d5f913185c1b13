// A WebSocket server that limits what a client may cost: connections in all and for each address, time for the upgrade,
// length of frames, answers that nobody reads, silence. What is said on a connection is decided elsewhere and handed in.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Server as Upgrader, WebSocketServer as PlainUpgrader } from 'ws';
import type { Clock } from '../lib/clock.ts';
import { type Listener, listenError } from '../lib/listen-fault.ts';
import { reachedAt } from '../lib/own-address.ts';
import type { Part } from '../lib/part.ts';
import type { Timer, Timers } from '../lib/timers.ts';
import { limitPerAddress } from './address-share.ts';
import { refuseBrokenRequest, refusePlainRequest } from './upgrade-refusals.ts';
import {
  AnsweringSocket,
  type ClosingReason,
  type Peer,
  type Session,
  WebSocketConnection,
} from './web-socket-connection.ts';

/** Longest message; a longer one closes its connection with code 1009. */
export const WEB_SOCKET_MESSAGE_BYTES_MAX = 65_536;
/** Most frames of one message. */
export const WEB_SOCKET_FRAGMENTS_MAX = 1_024;
/** Answers of a connection that wait for its client, in bytes; above it, the connection is read no further. */
export const UNSENT_ANSWER_BYTES_MAX = 65_536;
const UPGRADE_HEADER_BYTES = 16_384;
/** Time in which the request of the upgrade must have come. */
const UPGRADE_MS = 10_000;
const LOOK_MS = 1_000;
/** Time in which a client must have answered that the connection closes. */
const CLOSING_MS = 5_000;
const STOP_MS = 700;
const GOING_AWAY = 1001;

/** Where the server listens, and how many it serves. */
export interface WebSocketServerOptions extends Listener {
  /** Most open connections, at least 1. */
  readonly connectionsMax: number;
  /** Most bytes of answers that may wait for the clients of all connections together. */
  readonly unsentBytesMax: number;
}

/** What the server needs of its owner. */
export interface WebSocketServerParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Pick<Timers, 'every' | 'after'>;
  /** Takes a connection with the target of its request, for example `/ws/1?a=b`; null if it closed the connection. */
  accept(target: string, peer: Peer): Session | null;
}

/** What was counted since the start. */
export interface WebSocketCounts {
  readonly isListening: boolean;
  readonly connections: number;
  readonly connectionsMax: number;
  /** By whether all connections were taken, those of one address, or all files of the system. */
  readonly refused: Readonly<Record<'limit' | 'address' | 'system', number>>;
  /** Requests that were answered without an upgrade: those of other programs, and broken ones. */
  readonly notUpgraded: number;
  readonly messages: number;
  readonly bytes: number;
  /** Bytes of answers that wait for clients now. */
  readonly unsentBytes: number;
  readonly closed: Readonly<Record<ClosingReason, number>>;
}

/** Most connections of one address: nearly all, because a reverse proxy is one address. */
export function webSocketShare(connectionsMax: number): number {
  return Math.max(1, connectionsMax - Math.floor(connectionsMax / 8));
}

/** Listens from `start` to `stop`. */
export class WebSocketServer implements Part<{ readonly url: string }> {
  readonly #options: WebSocketServerOptions;
  readonly #parts: WebSocketServerParts;
  readonly #upgrader: Upgrader<typeof AnsweringSocket>;
  readonly #open = new Set<WebSocketConnection>();
  readonly #refused = { limit: 0, address: 0, system: 0 };
  readonly #closed = { too_big: 0, protocol: 0, slow_reader: 0, silent: 0 };
  #notUpgraded = 0;
  #messages = 0;
  #bytes = 0;
  #unsentBytes = 0;
  #server: Server | null = null;
  #looking: Timer | null = null;
  #isStopping = false;
  #emptied: (() => void) | null = null;

  constructor(options: WebSocketServerOptions, parts: WebSocketServerParts) {
    this.#options = options;
    this.#parts = parts;
    // The package's types lack `closeTimeout`.
    const limits = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: WEB_SOCKET_MESSAGE_BYTES_MAX,
      maxFragments: WEB_SOCKET_FRAGMENTS_MAX,
      closeTimeout: CLOSING_MS,
      WebSocket: AnsweringSocket,
    };
    this.#upgrader = new PlainUpgrader(limits);
  }

  get counts(): WebSocketCounts {
    return {
      isListening: this.#server?.listening === true,
      connections: this.#open.size,
      connectionsMax: this.#options.connectionsMax,
      refused: { ...this.#refused },
      notUpgraded: this.#notUpgraded,
      messages: this.#messages,
      bytes: this.#bytes,
      unsentBytes: this.#unsentBytes,
      closed: { ...this.#closed },
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
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
      if (this.#open.size === 0) resolve();
    });
    for (const connection of this.#open) connection.close(GOING_AWAY, '');
    const timer = this.#parts.timers.after(STOP_MS, () => {
      for (const connection of this.#open) connection.destroy();
      server.closeAllConnections();
    });
    await Promise.all([closed, emptied]);
    timer.cancel();
  }

  /** Looks now which clients are still there; the server does so once a second. */
  look(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const connection of this.#open) connection.look(nowMs);
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
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    return server;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#isStopping) {
      socket.destroy();
      return;
    }
    const before = this.#open.size;
    this.#upgrader.handleUpgrade(request, socket, head, (web) =>
      this.#accept(request.url ?? '', socket, web),
    );
    // The package answers a bad upgrade itself, and calls back at once for a good one.
    if (this.#open.size === before) this.#notUpgraded += 1;
  }

  #accept(target: string, socket: Socket, web: AnsweringSocket): void {
    const events = {
      message: (bytes: number) => {
        this.#messages += 1;
        this.#bytes += bytes;
      },
      unsentChanged: (change: number) => {
        this.#unsentBytes += change;
        return this.#unsentBytes <= this.#options.unsentBytesMax;
      },
      closedBy: (reason: ClosingReason) => {
        this.#closed[reason] += 1;
      },
    };
    const connection = new WebSocketConnection(socket, web, events, this.#parts.clock.monotonicMs());
    this.#open.add(connection);
    web.once('close', () => {
      this.#open.delete(connection);
      connection.ended();
      if (this.#open.size === 0) this.#emptied?.();
    });
    const session = this.#parts.accept(target, connection);
    if (session !== null) connection.open(session);
  }
}
