// One accepted WebSocket connection: gathers answers and writes them together, stops reading while its client takes no
// answers, and tells connections that are alive from dead ones. It knows nothing of what is said.

import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { textFrames } from './web-socket-frames.ts';

/** Time without a byte of the client after which it is pinged; after twice this time the connection is closed. */
export const PING_MS = 30_000;
/** Time in which a client must have taken a part of its answers. */
export const UNREAD_MS = 30_000;

/**
 * Bytes of messages after which a connection lets others have their turn. The system hands over 2 MiB of one connection at
 * a time, and messages can be costly.
 */
const TURN_BYTES = 65_536;

/** Why the server closed a connection by itself. */
export type ClosingReason = 'too_big' | 'protocol' | 'slow_reader' | 'silent';

/** How the owner of the server handles one connection. */
export interface Session {
  /** Takes a message, in the order in which they came; the bytes are valid only during the call. */
  message(bytes: Buffer, isBinary: boolean): void;
  /** Called once, when the connection has closed. */
  closed(): void;
}

/** What the owner of the server may do with a connection. Both do nothing after the connection has ended. */
export interface Peer {
  /** Sends a text, together with all others of the same moment. */
  send(text: string): void;
  /**
   * Closes it in order: answers before this call leave first. No message comes any more. The reason is ASCII. False if
   * it was closing already.
   */
  close(code: number, reason: string): boolean;
}

/** The package's WebSocket, which also closes by itself; `beforeClose` lets the waiting answers leave first. */
export class AnsweringSocket extends WebSocket {
  beforeClose: (() => void) | null = null;
  override close(code?: number, data?: string | Buffer): void {
    this.beforeClose?.();
    super.close(code, data);
  }
}

/** What a connection reports. */
export interface ConnectionEvents {
  message(bytes: number): void;
  /** The bytes of its answers that wait for the client changed by this; false if there is no room for them. */
  unsentChanged(change: number): boolean;
  closedBy(reason: ClosingReason): void;
}

/** A connection from its upgrade to its end. */
export class WebSocketConnection implements Peer {
  readonly #socket: Socket;
  readonly #web: AnsweringSocket;
  readonly #events: ConnectionEvents;
  #session: Session | null = null;
  #answers: string[] = [];
  #isFlushDue = false;
  /** True from the moment at which this side closes: messages are no longer taken. */
  #isClosing = false;
  #bytesHeard = 0;
  #heardMs: number;
  #isPinged = false;
  #bytesTaken = 0;
  #unsent = 0;
  #turnBytes = 0;
  /** True while the client takes no answers, so that nothing is read. */
  #isFull = false;
  #takenMs: number;

  constructor(socket: Socket, web: AnsweringSocket, events: ConnectionEvents, nowMs: number) {
    this.#socket = socket;
    this.#web = web;
    this.#events = events;
    this.#heardMs = nowMs;
    this.#takenMs = nowMs;
    web.beforeClose = () => this.#flush();
    web.on('error', (error: Error & { code?: string }) => {
      // An error of the socket itself, for example a reset, is the client's own end.
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.#closedBy('too_big');
      else if (error.code?.startsWith('WS_ERR_') === true) this.#closedBy('protocol');
    });
    socket.on('drain', () => {
      this.#countUnsent(socket.writableLength);
      this.#isFull = false;
      if (web.isPaused) web.resume();
    });
  }

  /** Hands messages to the session from now on. */
  open(session: Session): void {
    this.#session = session;
    this.#web.on('message', (data, isBinary) => {
      if (this.#isClosing) return;
      // The package gives a Buffer unless it is told otherwise.
      const bytes = data as Buffer;
      this.#events.message(bytes.length);
      session.message(bytes, isBinary);
      this.#endTurn(bytes.length);
    });
  }

  /** Tells the session that the connection has closed. */
  ended(): void {
    this.#isClosing = true;
    this.#answers = [];
    this.#countUnsent(0);
    this.#session?.closed();
    this.#session = null;
  }

  send(text: string): void {
    if (this.#isClosing) return;
    this.#answers.push(text);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    // Messages that arrived together are handled in one go: then all their answers leave together.
    process.nextTick(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  close(code: number, reason: string): boolean {
    if (this.#isClosing) return false;
    this.#web.close(code, reason);
    this.#isClosing = true;
    // The client's answer to the closing is read even if it takes no answers.
    if (this.#web.isPaused) this.#web.resume();
    return true;
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#web.terminate();
  }

  /** Looks whether the client is there: pings it, or closes the connection. The monotonic clock, in ms. */
  look(nowMs: number): void {
    if (this.#isClosing) return;
    const waiting = this.#socket.writableLength;
    const taken = this.#socket.bytesWritten - waiting;
    if (waiting === 0 || taken !== this.#bytesTaken) this.#takenMs = nowMs;
    this.#bytesTaken = taken;
    if (nowMs - this.#takenMs >= UNREAD_MS) {
      this.#end('slow_reader');
      return;
    }
    // Nothing is read while the client takes no answers.
    if (this.#socket.bytesRead !== this.#bytesHeard || this.#web.isPaused) {
      this.#bytesHeard = this.#socket.bytesRead;
      this.#heardMs = nowMs;
      this.#isPinged = false;
    }
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= 2 * PING_MS) {
      this.#end('silent');
    } else if (silentMs >= PING_MS && !this.#isPinged && this.#web.readyState === WebSocket.OPEN) {
      this.#isPinged = true;
      this.#web.ping();
    }
  }

  #end(reason: ClosingReason): void {
    this.#closedBy(reason);
    this.destroy();
  }

  #closedBy(reason: ClosingReason): void {
    if (!this.#isClosing) this.#events.closedBy(reason);
    this.#isClosing = true;
  }

  #flush(): void {
    const answers = this.#answers;
    if (answers.length === 0 || this.#web.readyState !== WebSocket.OPEN) return;
    this.#answers = [];
    // The package sends control frames only, each written whole, so frames never mix. It has no call for many texts.
    const isTaking = this.#socket.write(textFrames(answers));
    const unsent = this.#socket.writableLength;
    // The answers to what arrived together wait together, some MiB of one client, before it is read no further.
    if (!this.#countUnsent(unsent) && unsent > 0) this.#end('slow_reader');
    else if (!isTaking) {
      this.#isFull = true;
      this.#web.pause();
    }
  }

  #endTurn(bytes: number): void {
    this.#turnBytes += bytes;
    if (this.#turnBytes < TURN_BYTES || this.#web.isPaused) return;
    this.#turnBytes = 0;
    this.#web.pause();
    setImmediate(() => {
      if (!this.#isFull && this.#web.isPaused) this.#web.resume();
    });
  }

  #countUnsent(bytes: number): boolean {
    const change = bytes - this.#unsent;
    this.#unsent = bytes;
    return this.#events.unsentChanged(change);
  }
}
