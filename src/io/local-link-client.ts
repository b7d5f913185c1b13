// The connecting end of a local link: connects, and connects again whenever the connection ends, for ever. It knows no
// message.

import { connect } from 'node:net';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import { errorCode } from '../lib/error-code.ts';
import type { Part } from '../lib/part.ts';
import type { Timer } from '../lib/timers.ts';
import { LinkConnection, type LinkConnectionParts, type LinkPeer, type LinkSession } from './local-link.ts';

/** The waits between attempts. */
const RECONNECT: Backoff = { leastMs: 50, mostMs: 2_000 };
/** A connection that ends sooner counts as a failed attempt. */
const WELL_LINKED_MS = 5_000;

/** What a {@link LocalLinkClient} needs. */
export interface LocalLinkClientParts extends LinkConnectionParts {
  /** Takes a new connection. */
  connected(peer: LinkPeer): LinkSession;
  /** Nobody listens there: the system's code, or `no code`. Called after each failed attempt. */
  unreachable(code: string): void;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
}

/** Holds a connection to the server at a path, from `start` to `stop`. */
export class LocalLinkClient implements Part {
  readonly #path: string;
  readonly #parts: LocalLinkClientParts;
  #connection: LinkConnection | null = null;
  #again: Timer | null = null;
  #failures = 0;
  #isStopped = false;
  #ended: (() => void) | null = null;

  /** `path` is that of `linkPath`. */
  constructor(path: string, parts: LocalLinkClientParts) {
    this.#path = path;
    this.#parts = parts;
  }

  /** Begins to connect, and does not wait for it. */
  async start(): Promise<void> {
    this.#connect();
  }

  /** Closes the connection when the server has taken what was sent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#again?.cancel();
    if (this.#connection === null) return;
    const ended = new Promise<void>((resolve) => (this.#ended = resolve));
    this.#connection.close();
    await ended;
  }

  #connect(): void {
    const { clock } = this.#parts;
    const socket = connect(this.#path);
    let connectedMs: number | null = null;
    socket.once('connect', () => {
      connectedMs = clock.monotonicMs();
      const connection = new LinkConnection(socket, this.#parts);
      this.#connection = connection;
      connection.open(this.#parts.connected(connection));
      if (this.#isStopped) connection.close();
    });
    socket.once('error', (error) => {
      if (this.#connection === null) this.#parts.unreachable(errorCode(error) ?? 'no code');
    });
    socket.once('close', () => {
      this.#connection = null;
      const isWell = connectedMs !== null && clock.monotonicMs() - connectedMs >= WELL_LINKED_MS;
      this.#failures = isWell ? 0 : this.#failures + 1;
      this.#ended?.();
      this.#connectLater();
    });
  }

  #connectLater(): void {
    if (this.#isStopped) return;
    const { timers, random } = this.#parts;
    // The first attempt after a good connection comes at once.
    const waitMs = backoffMs(RECONNECT, Math.max(0, this.#failures - 1), random());
    this.#again = timers.after(waitMs, () => this.#connect());
  }
}
