// One connection of a local link: two processes of this machine that send one another messages over a Unix socket. It
// bounds what waits to be sent, and tells a peer that is there from one that hangs. It knows no message.

import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Timer, Timers } from '../lib/timers.ts';
import { BadFrameError, FrameReader, frameOf, SIGN_OF_LIFE } from './local-link-frames.ts';

/** Time between two signs of life, in ms. */
export const LINK_SIGN_MS = 3_000;
/** Time without a byte of the peer after which the connection is closed, in ms. */
export const LINK_SILENCE_MS = 15_000;
/** Bytes that wait for the peer above which {@link LinkPeer.send} makes the sender wait. */
export const LINK_UNSENT_BYTES = 4_194_304;
/** Messages of the greatest size that may wait for the peer besides; with more its connection is closed. */
export const LINK_UNSENT_MESSAGES_MAX = 4;
/** Time in which a peer must have taken what was sent before a closing, in ms. */
const CLOSING_MS = 1_000;

/**
 * Why a connection ended. `peer`: the other side closed it, or died. `silent`: nothing came. `slow_reader`: it did not
 * take what was sent.
 */
export type LinkEnd = 'peer' | 'own' | 'silent' | 'slow_reader' | 'too_big' | 'rubbish';

/** What the owner of a link does with one connection. */
export interface LinkSession {
  /** Takes a message, in the order sent: any JSON value. */
  message(message: unknown): void;
  /** Called once, when the connection has ended. */
  closed(end: LinkEnd): void;
}

/** What a session may do with its connection. */
export interface LinkPeer {
  /**
   * Sends a message. Resolves with true when there is room for another one, and with false if the connection has ended:
   * nobody knows then whether the message arrived. Errors: `BadFrameError` if the message is too long.
   */
  send(message: object): Promise<boolean>;
  /** Closes the connection when the peer has taken what was sent. No further message comes. */
  close(end?: LinkEnd): void;
}

/** What a connection needs. */
export interface LinkConnectionParts {
  /** Longest body of a message, in bytes. */
  readonly messageBytesMax: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
}

/** A connection from its beginning to its end. */
export class LinkConnection implements LinkPeer {
  readonly #socket: Socket;
  readonly #parts: LinkConnectionParts;
  readonly #reader: FrameReader;
  readonly #signs: Timer;
  #session: LinkSession | null = null;
  #waiters: ((hasRoom: boolean) => void)[] = [];
  #end: LinkEnd = 'peer';
  #isClosing = false;
  #bytesHeard = 0;
  #heardMs: number;
  #closing: Timer | null = null;

  constructor(socket: Socket, parts: LinkConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#reader = new FrameReader(parts.messageBytesMax);
    this.#heardMs = parts.clock.monotonicMs();
    this.#signs = parts.timers.every(LINK_SIGN_MS, () => this.#look());
    // Without a listener an error would end the process; `close` follows it.
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('drain', () => this.#drained());
    socket.once('close', () => this.#closed());
  }

  /** Hands the messages to the session from now on. Called in the turn in which the connection was made. */
  open(session: LinkSession): void {
    this.#session = session;
  }

  send(message: object): Promise<boolean> {
    if (this.#isClosing) return Promise.resolve(false);
    const { messageBytesMax } = this.#parts;
    let frame: Buffer;
    try {
      frame = frameOf(message, messageBytesMax);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#socket.write(frame);
    const unsent = this.#socket.writableLength;
    if (unsent > LINK_UNSENT_BYTES + LINK_UNSENT_MESSAGES_MAX * messageBytesMax) this.#destroy('slow_reader');
    if (this.#isClosing) return Promise.resolve(false);
    if (unsent <= LINK_UNSENT_BYTES) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  close(end: LinkEnd = 'own'): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#end = end;
    this.#socket.end();
    // What still comes is read, so that the end arrives.
    this.#closing = this.#parts.timers.after(CLOSING_MS, () => this.#socket.destroy());
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#destroy('own');
  }

  #destroy(end: LinkEnd): void {
    if (!this.#isClosing) this.#end = end;
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    if (this.#isClosing) return;
    this.#reader.push(piece);
    try {
      // A session may close its connection while it takes a message.
      while (!this.#isClosing) {
        const message = this.#reader.next();
        if (message === undefined) return;
        this.#session?.message(message);
      }
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error;
      this.#destroy(error.kind);
    }
  }

  #look(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#socket.bytesRead !== this.#bytesHeard) {
      this.#bytesHeard = this.#socket.bytesRead;
      this.#heardMs = nowMs;
    }
    if (nowMs - this.#heardMs >= LINK_SILENCE_MS) this.#destroy('silent');
    // What waits already is a sign of life when it is taken.
    else if (!this.#isClosing && this.#socket.writableLength === 0) this.#socket.write(SIGN_OF_LIFE);
  }

  #drained(): void {
    for (const resolve of this.#waiters.splice(0)) resolve(true);
  }

  #closed(): void {
    this.#isClosing = true;
    this.#signs.cancel();
    this.#closing?.cancel();
    for (const resolve of this.#waiters.splice(0)) resolve(false);
    this.#session?.closed(this.#end);
    this.#session = null;
  }
}
