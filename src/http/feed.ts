// The live feed (Server-Sent Events): one JSON document as it is now, then merge patches for it, at most two a second.
// Every event is made once, for all readers. A reader that does not keep up is dropped, never waited for.

import type { Writable } from 'node:stream';
import { type Json, mergePatch } from '../lib/merge-patch.ts';

/** Open live feeds, one per browser and API key; more are refused, so that probes and Prometheus always find a connection. */
export const FEED_CLIENTS_MAX = 1_536;
/** Least time between two events of a live feed. */
export const FEED_INTERVAL_MS = 500;
/** Text that may wait for one reader of a live feed; above it the reader is too slow and is dropped. */
export const FEED_BACKLOG_BYTES_MAX = 262_144;
/** Longest life of one live feed: then its reader connects again, and shows its key again, which may have been revoked. */
export const FEED_LIFE_MAX_MS = 600_000;
/** Silence on a live feed after which a comment is sent; below HTTP_CONNECTION_IDLE_MAX_MS. */
export const FEED_HEARTBEAT_MS = 15_000;

/** What `/metrics` says of the feed. */
export interface FeedCounts {
  readonly clients: number;
  /** Readers dropped because they were too slow. */
  readonly dropped: number;
  /** Readers refused because there were too many. */
  readonly refused: number;
}

export interface FeedParts {
  /** The document as it is now. */
  document(): { readonly [name: string]: Json };
  nowMs(): number;
  monotonicMs(): number;
}

interface Reader {
  /** On the monotonic clock. */
  readonly cameMs: number;
  /** False once he may read no longer: his key is revoked. */
  readonly mayRead: () => boolean;
}

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

  /** Whether one more reader is let in; counts those that are not. */
  admits(): boolean {
    const admits = !this.#isStopped && this.#clients.size < FEED_CLIENTS_MAX;
    if (!admits) this.#refused++;
    return admits;
  }

  /** Sends the document to a reader whose headers are sent, and from now on every change. */
  add(client: Writable, mayRead: () => boolean = () => true): void {
    client.once('close', () => this.#remove(client));
    client.on('error', () => client.destroy());
    // Others may be behind by less than an interval; a patch for them fits the newcomer too.
    if (this.#timer === null) {
      this.#sent = this.#parts.document();
      this.#timer = setInterval(() => this.#pump(), FEED_INTERVAL_MS);
    }
    this.#clients.set(client, { cameMs: this.#parts.monotonicMs(), mayRead });
    const at = new Date(this.#parts.nowMs()).toISOString();
    this.#write(client, `retry: 2000\n\n${eventText('snapshot', { at, ...this.#sent })}`);
  }

  /** Ends every reader, so that the server can close. */
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
      // Nothing more is told to him, however long his connection takes to end.
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
