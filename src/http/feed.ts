// The live feed (Server-Sent Events): sends one JSON document as it is now, then merge patches for it, at most two a
// second. It makes each event once for all readers. It drops a reader that is too slow instead of waiting for it.

import type { Writable } from 'node:stream';
import { type Json, mergePatch } from '../lib/merge-patch.ts';

/**
 * Maximum number of open live feeds, one per browser and API key. Further ones are refused, so that probes and
 * Prometheus always find a connection.
 */
export const FEED_CLIENTS_MAX = 1_536;
/** Minimum time between two events of a live feed. */
export const FEED_INTERVAL_MS = 500;
/**
 * Maximum amount of text that may wait for one reader of a live feed; a reader with more is too slow and is dropped.
 */
export const FEED_BACKLOG_BYTES_MAX = 262_144;
/**
 * Maximum life of one live feed. Then its reader connects again and shows its key again, which may have been revoked.
 */
export const FEED_LIFE_MAX_MS = 600_000;
/** Silence on a live feed after which the server sends a comment; below HTTP_CONNECTION_IDLE_MAX_MS. */
export const FEED_HEARTBEAT_MS = 15_000;

/** Counts of the feed for `/metrics`. */
export interface FeedCounts {
  readonly clients: number;
  /** Readers dropped because they were too slow. */
  readonly dropped: number;
  /** Readers refused because there were too many. */
  readonly refused: number;
}

/** What a {@link Feed} needs from its program. */
export interface FeedParts {
  /** The document as it is now. */
  document(): { readonly [name: string]: Json };
  nowMs(): number;
  monotonicMs(): number;
  /** Readers of other feeds of the same server, which take places too; 0 if absent. */
  readersElsewhere?(): number;
}

interface Reader {
  /** When the reader connected, on the monotonic clock. */
  readonly cameMs: number;
  /** False once the reader's key is revoked. */
  readonly mayRead: () => boolean;
}

/** Counts of two feeds of one server together. */
export function feedSum(one: FeedCounts, other: FeedCounts): FeedCounts {
  return {
    clients: one.clients + other.clients,
    dropped: one.dropped + other.dropped,
    refused: one.refused + other.refused,
  };
}

/** The live feed of one document, for any number of readers up to {@link FEED_CLIENTS_MAX}. */
export class Feed {
  readonly #parts: FeedParts;
  readonly #clients = new Map<Writable, Reader>();
  #sent: { readonly [name: string]: Json } = {};
  #timer: NodeJS.Timeout | null = null;
  #quietIntervals = 0;
  #dropped = 0;
  #refused = 0;
  #isStopped = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  get counts(): FeedCounts {
    return { clients: this.#clients.size, dropped: this.#dropped, refused: this.#refused };
  }

  /** True if one more reader may connect; counts the readers that may not. */
  admits(): boolean {
    const readers = this.#clients.size + (this.#parts.readersElsewhere?.() ?? 0);
    const admits = !this.#isStopped && readers < FEED_CLIENTS_MAX;
    if (!admits) this.#refused++;
    return admits;
  }

  /** Sends the document to a reader whose headers are already sent, and every change from now on. */
  add(client: Writable, mayRead: () => boolean = () => true): void {
    client.once('close', () => this.#remove(client));
    client.on('error', () => client.destroy());
    // Other readers may be behind by less than an interval. The next patch, made for them, fits the new reader too.
    if (this.#timer === null) {
      this.#sent = this.#parts.document();
      this.#timer = setInterval(() => this.#pump(), FEED_INTERVAL_MS);
    }
    this.#clients.set(client, { cameMs: this.#parts.monotonicMs(), mayRead });
    const at = new Date(this.#parts.nowMs()).toISOString();
    this.#write(client, `retry: 2000\n\n${eventText('snapshot', { at, ...this.#sent })}`);
  }

  /** Ends the feed of every reader, so that the server can close. */
  stop(): void {
    this.#isStopped = true;
    for (const client of this.#clients.keys()) client.end();
    this.#rest();
  }

  #pump(): void {
    const oldestMs = this.#parts.monotonicMs() - FEED_LIFE_MAX_MS;
    for (const [client, { cameMs, mayRead }] of this.#clients) {
      if (cameMs >= oldestMs && mayRead()) continue;
      client.end();
      // The reader gets no further event, even if its connection takes long to end.
      this.#remove(client);
    }
    const document = this.#parts.document();
    const patch = mergePatch(this.#sent, document);
    this.#sent = document;
    if (patch !== undefined) {
      const at = new Date(this.#parts.nowMs()).toISOString();
      this.#writeAll(eventText('change', { at, ...patch }));
    } else if (++this.#quietIntervals * FEED_INTERVAL_MS >= FEED_HEARTBEAT_MS) {
      this.#writeAll(':\n\n');
    }
  }

  #writeAll(text: string): void {
    this.#quietIntervals = 0;
    const bytes = Buffer.from(text);
    for (const client of this.#clients.keys()) this.#write(client, bytes);
  }

  #write(client: Writable, bytes: Buffer | string): void {
    client.write(bytes);
    if (client.writableLength <= FEED_BACKLOG_BYTES_MAX) return;
    this.#dropped++;
    client.destroy();
    this.#remove(client);
  }

  #remove(client: Writable): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#rest();
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

function eventText(event: string, data: { readonly [name: string]: Json }): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
