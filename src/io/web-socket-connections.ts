// The WebSocket connections of one server, from their upgrade to their end: length of messages, answers that nobody
// reads, silence. It listens at no port, and what is said on a connection is decided elsewhere and handed in.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Server as Upgrader, WebSocketServer as PlainUpgrader } from 'ws';
import type { Clock } from '../lib/clock.ts';
import type { Timers } from '../lib/timers.ts';
import {
  AnsweringSocket,
  type ClosingReason,
  type Peer,
  type Session,
  WebSocketConnection,
} from './web-socket-connection.ts';

/** Longest message, if the owner sets no lower limit; a longer one closes its connection with code 1009. */
export const WEB_SOCKET_MESSAGE_BYTES_MAX = 65_536;
/** Most frames of one message. */
export const WEB_SOCKET_FRAGMENTS_MAX = 1_024;
/** Time in which a client must have answered that the connection closes. */
const CLOSING_MS = 5_000;
const STOP_MS = 700;
const GOING_AWAY = 1001;

/** What the clients may cost. */
export interface ConnectionLimits {
  /** Most bytes of answers that may wait for the clients of all connections together. */
  readonly unsentBytesMax: number;
  /** Most bytes of answers that may wait for one client; without it only the limit of all counts. */
  readonly unsentBytesOfOneMax?: number;
  /** Longest message in bytes; {@link WEB_SOCKET_MESSAGE_BYTES_MAX} without it. */
  readonly messageBytesMax?: number;
}

/** What the connections need of their owner. */
export interface ConnectionParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Pick<Timers, 'after'>;
  /** Takes a connection with the target of its request, for example `/ws/1?a=b`; null if it closed the connection. */
  accept(target: string, peer: Peer): Session | null;
}

/** What was counted since the start. */
export interface ConnectionCounts {
  readonly connections: number;
  readonly messages: number;
  readonly bytes: number;
  /** Bytes of answers that wait for clients now. */
  readonly unsentBytes: number;
  readonly closed: Readonly<Record<ClosingReason, number>>;
}

/** Connections of requests that a server hands over. */
export class WebSocketConnections {
  readonly #limits: ConnectionLimits;
  readonly #parts: ConnectionParts;
  readonly #upgrader: Upgrader<typeof AnsweringSocket>;
  readonly #open = new Set<WebSocketConnection>();
  readonly #closed = { too_big: 0, protocol: 0, slow_reader: 0, silent: 0 };
  #messages = 0;
  #bytes = 0;
  #unsentBytes = 0;
  #isStopping = false;
  #emptied: (() => void) | null = null;

  constructor(limits: ConnectionLimits, parts: ConnectionParts) {
    this.#limits = limits;
    this.#parts = parts;
    // The package's types lack `closeTimeout`.
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytesMax ?? WEB_SOCKET_MESSAGE_BYTES_MAX,
      maxFragments: WEB_SOCKET_FRAGMENTS_MAX,
      closeTimeout: CLOSING_MS,
      WebSocket: AnsweringSocket,
    };
    this.#upgrader = new PlainUpgrader(options);
  }

  get counts(): ConnectionCounts {
    return {
      connections: this.#open.size,
      messages: this.#messages,
      bytes: this.#bytes,
      unsentBytes: this.#unsentBytes,
      closed: { ...this.#closed },
    };
  }

  /** Takes over the socket of a request. False if the request is no valid upgrade; then it is answered already. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): boolean {
    if (this.#isStopping) {
      socket.destroy();
      return false;
    }
    let isTaken = false;
    // The package answers a bad upgrade itself, and calls back at once for a good one.
    this.#upgrader.handleUpgrade(request, socket, head, (web) => {
      isTaken = true;
      this.#accept(request.url ?? '', socket, web);
    });
    return isTaken;
  }

  /** Looks now which clients are still there; the owner calls it once a second. */
  look(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const connection of this.#open) connection.look(nowMs);
  }

  /** Tells all clients that the server goes away, takes no more, and closes what is left after 0.7 s. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#open.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    for (const connection of this.#open) connection.close(GOING_AWAY, '');
    const timer = this.#parts.timers.after(STOP_MS, () => {
      for (const connection of this.#open) connection.destroy();
    });
    await emptied;
    timer.cancel();
  }

  #accept(target: string, socket: Socket, web: AnsweringSocket): void {
    const { unsentBytesMax, unsentBytesOfOneMax = unsentBytesMax } = this.#limits;
    let unsentOfOne = 0;
    const events = {
      message: (bytes: number) => {
        this.#messages += 1;
        this.#bytes += bytes;
      },
      unsentChanged: (change: number) => {
        this.#unsentBytes += change;
        unsentOfOne += change;
        return this.#unsentBytes <= unsentBytesMax && unsentOfOne <= unsentBytesOfOneMax;
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
