// The WebSocket `/ws` with the protocol of deployed monitors: it greets, sends the statistics at once and at every
// change, and answers pings. It ignores everything else that a client says, and drops a client that reads too slowly.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FeedCounts } from '../../http/feed.ts';
import { refuseUpgrade } from '../../io/upgrade-refusals.ts';
import type { Peer, Session } from '../../io/web-socket-connection.ts';
import { WebSocketConnections } from '../../io/web-socket-connections.ts';
import { isObject } from '../../lib/is-object.ts';
import { systemTimers, type Timer, type Timers } from '../../lib/timers.ts';
import type { Origins } from './origins.ts';

/** Longest message of a client. */
export const LIVE_MESSAGE_BYTES_MAX = 4_096;
/** Text that may wait for one reader; a reader with more is too slow and is dropped. */
export const LIVE_BACKLOG_BYTES_MAX = 262_144;
/** Time between two looks for a change of the statistics. */
const LOOK_MS = 500;

/** Who may connect. */
export interface LiveFeedOptions {
  /** WS_MAX_CONNECTIONS. */
  readonly connectionsMax: number;
  /** WS_MAX_PER_IP; a reverse proxy is one address. */
  readonly connectionsPerAddressMax: number;
  readonly origins: Origins;
}

/** What the feed needs from its program. */
export interface LiveFeedParts {
  /** The statistics as JSON, with a text that differs if they do; null before the first. */
  statistics(): { readonly key: string; readonly json: string } | null;
  nowMs(): number;
  monotonicMs(): number;
  readonly timers?: Timers;
}

/** All readers of the statistics. */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #parts: LiveFeedParts;
  readonly #timers: Timers;
  readonly #connections: WebSocketConnections;
  /** Readers with the key of the statistics that each has got last. */
  readonly #readers = new Map<Peer, { key: string | null }>();
  readonly #byAddress = new Map<string, number>();
  #timer: Timer | null = null;
  #refused = 0;

  constructor(options: LiveFeedOptions, parts: LiveFeedParts) {
    this.#options = options;
    this.#parts = parts;
    this.#timers = parts.timers ?? systemTimers;
    this.#connections = new WebSocketConnections(
      {
        messageBytesMax: LIVE_MESSAGE_BYTES_MAX,
        unsentBytesOfOneMax: LIVE_BACKLOG_BYTES_MAX,
        unsentBytesMax: LIVE_BACKLOG_BYTES_MAX * options.connectionsMax,
      },
      { clock: parts, timers: this.#timers, accept: (_target, peer) => this.#accept(peer) },
    );
  }

  /** Readers now, and those dropped and refused since the start. */
  get counts(): FeedCounts {
    const { connections, closed } = this.#connections.counts;
    return { clients: connections, dropped: closed.slow_reader, refused: this.#refused };
  }

  /** Takes over the connection of a request for the feed, or refuses it as deployed monitors do. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { origin, host } = request.headers;
    const address = socket.remoteAddress ?? '';
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (!this.#options.origins.mayConnect(origin, host)) this.#refuse('403 Forbidden', socket);
    else if (this.#connections.counts.connections >= this.#options.connectionsMax)
      this.#refuse('503 Service Unavailable', socket);
    else if (ofAddress >= this.#options.connectionsPerAddressMax)
      this.#refuse('429 Too Many Requests', socket);
    else if (this.#connections.upgrade(request, socket, head)) {
      this.#byAddress.set(address, ofAddress + 1);
      socket.once('close', () => this.#leave(address));
    }
  }

  /** Tells all readers that the server goes away; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#connections.stop();
  }

  #refuse(status: string, socket: Socket): void {
    this.#refused += 1;
    refuseUpgrade(status, socket);
  }

  #leave(address: string): void {
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }

  #accept(peer: Peer): Session {
    const reader = { key: null };
    this.#readers.set(peer, reader);
    const timestamp = this.#timeText();
    peer.send(JSON.stringify({ type: 'connected', authRequired: false, timestamp }));
    this.#bringUpToDate(peer, reader);
    this.#timer ??= this.#timers.every(LOOK_MS, () => this.#look());
    return {
      message: (bytes, isBinary) => {
        if (!isBinary && isPing(bytes))
          peer.send(JSON.stringify({ type: 'pong', timestamp: this.#timeText() }));
      },
      closed: () => {
        this.#readers.delete(peer);
        if (this.#readers.size > 0) return;
        this.#timer?.cancel();
        this.#timer = null;
      },
    };
  }

  #look(): void {
    this.#connections.look();
    for (const [peer, reader] of this.#readers) this.#bringUpToDate(peer, reader);
  }

  #bringUpToDate(peer: Peer, reader: { key: string | null }): void {
    const statistics = this.#parts.statistics();
    if (statistics === null || statistics.key === reader.key) return;
    reader.key = statistics.key;
    peer.send(`{"type":"network_stats","data":${statistics.json},"timestamp":"${this.#timeText()}"}`);
  }

  #timeText(): string {
    return new Date(this.#parts.nowMs()).toISOString();
  }
}

function isPing(bytes: Buffer): boolean {
  try {
    const message: unknown = JSON.parse(bytes.toString());
    return isObject(message) && message['type'] === 'ping';
  } catch {
    return false;
  }
}
