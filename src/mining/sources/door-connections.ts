// The open connections of the miners' door: closes those whose request comes too slowly or whose client takes no
// answers, and empties the door in order when it stops. It knows nothing of what is asked.

import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { Peer } from '../domain/submission.ts';
import type { ClosingReason } from './door-counts.ts';

/** Most requests of one connection that wait for an answer; miners ask one at a time. */
export const PIPELINED_REQUESTS_MAX = 128;
/** Time between two looks at the connections. */
export const SWEEP_MS = 1_000;
/** Time in which a request must have come whole, and in which a client must have taken an answer. */
export const TRANSFER_MS = 10_000;
/**
 * Time from the stop for which unused connections stay open: miners ask once a second, and are told with the answer to
 * close.
 */
export const DRAIN_UNUSED_MS = 1_200;
/** Time from the stop in which answers under way must have left. */
export const DRAIN_MS = 2_500;

/** What the door knows of a connection. Made by {@link DoorConnections} only. */
export interface Connection {
  readonly socket: Socket;
  /** The peer's address as it is shown. */
  readonly address: string;
  /** Requests without a finished answer. */
  underWay: number;
  /** Number of requests so far. */
  requests: number;
  /** When the request whose body is being received began; null for none. ms of the monotonic clock, in whole sweeps. */
  receivingSinceMs: number | null;
  /** When the oldest answer that the client has not taken was given; null for none. */
  answeredSinceMs: number | null;
  /** The peer of the last request, and the headers from which it was made. */
  peer: Peer | null;
  peerName: string | undefined;
  peerForwardedFor: string | undefined;
}

interface Watched extends Connection {
  /** Bytes and requests at the last look, from which the next one sees whether a request has begun. */
  bytesSeen: number;
  requestsSeen: number;
  /** Since when a request has begun whose headers are not whole. */
  partialSinceMs: number | null;
}

/** The open connections; looks at each once a second while started. */
export class DoorConnections {
  readonly #open = new Map<Socket, Watched>();
  readonly #clock: Clock;
  readonly #closed: (reason: ClosingReason) => void;
  #timer: NodeJS.Timeout | null = null;
  #emptied: (() => void) | null = null;
  #nowMs: number;
  #isDraining = false;

  /** `closed` is told of each connection that is closed without an answer that it waited for. */
  constructor(clock: Clock, closed: (reason: ClosingReason) => void) {
    this.#clock = clock;
    this.#closed = closed;
    this.#nowMs = clock.monotonicMs();
  }

  get size(): number {
    return this.#open.size;
  }

  /** True from the beginning of the stop: answers then tell their client to close. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The monotonic clock at the last look, in ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  start(): void {
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** Takes a new connection, whose peer has this address. */
  add(socket: Socket, address: string): void {
    this.#open.set(socket, {
      socket,
      address,
      underWay: 0,
      requests: 0,
      receivingSinceMs: null,
      answeredSinceMs: null,
      peer: null,
      peerName: undefined,
      peerForwardedFor: undefined,
      bytesSeen: 0,
      requestsSeen: 0,
      partialSinceMs: null,
    });
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#emptied?.();
    });
  }

  /** The connection of a socket; undefined if it has closed. */
  of(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /** Closes a connection whose client waits for an answer. */
  close({ socket }: Connection, reason: ClosingReason): void {
    if (socket.destroyed) return;
    this.#closed(reason);
    socket.destroy();
  }

  /** Looks at every connection. Tests call it, the timer otherwise. */
  sweep(): void {
    this.#nowMs = this.#clock.monotonicMs();
    const latestMs = this.#nowMs - TRANSFER_MS;
    for (const connection of this.#open.values()) {
      this.#lookForPartialRequest(connection);
      const { partialSinceMs, receivingSinceMs, answeredSinceMs } = connection;
      if ((partialSinceMs ?? receivingSinceMs ?? Infinity) <= latestMs) this.close(connection, 'slow');
      else if ((answeredSinceMs ?? Infinity) <= latestMs) this.close(connection, 'unread');
    }
  }

  /**
   * Empties the door, which has stopped accepting: unused connections stay open for a while, because a request may be on
   * its way, then they are closed; answers under way leave; what is left at the end is closed.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#untilEmpty(DRAIN_UNUSED_MS);
    for (const connection of this.#open.values()) {
      this.#lookForPartialRequest(connection);
      if (connection.underWay === 0 && connection.partialSinceMs === null) connection.socket.destroySoon();
    }
    await this.#untilEmpty(DRAIN_MS - DRAIN_UNUSED_MS);
    for (const connection of this.#open.values()) {
      if (connection.underWay > 0) this.close(connection, 'stopped');
      else connection.socket.destroy();
    }
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /**
   * More bytes and no new request since the last look, while no request is under way: the beginning of one. Bytes that
   * came with the end of an earlier request are not seen; the server's timer of unused connections ends such a wait.
   */
  #lookForPartialRequest(connection: Watched): void {
    const bytes = connection.socket.bytesRead;
    if (connection.requests !== connection.requestsSeen || connection.underWay > 0) {
      connection.partialSinceMs = null;
    } else if (bytes !== connection.bytesSeen) {
      connection.partialSinceMs ??= this.#nowMs;
    }
    connection.requestsSeen = connection.requests;
    connection.bytesSeen = bytes;
  }

  async #untilEmpty(limitMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#emptied = null;
  }
}
