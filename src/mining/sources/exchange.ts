// One HTTP request and its answer: receives the body within the limits of size, time and memory, and sends one answer or
// closes the connection. It knows no route and no JSON.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import type { ClosingReason, DoorCounts } from './door-counts.ts';
import { type Connection, type DoorConnections, PIPELINED_REQUESTS_MAX } from './door-connections.ts';
import { REQUEST_BYTES_MAX } from './miner-rpc.ts';

/** Bytes of a body that are read and thrown away so that its client reads the 413; for a longer one it comes at once. */
export const DISCARDED_BYTES_MAX = 8_388_608;
/** Bytes of all bodies that are being received; above it a large one is given up. */
export const BODIES_BYTES_MAX = 67_108_864;
/** Up to this length a body is never given up for lack of memory; a submission has about 600 bytes. */
export const SMALL_BODY_BYTES_MAX = 16_384;
/**
 * Time after which the connection of a request is closed if it has no answer. The last resort: the desk answers earlier,
 * so that its last answer does not meet a closed connection.
 */
export const ANSWER_MS = 3_000;

/** Memory that a piece of a body holds beside its bytes. */
const PIECE_BYTES = 128;
const EMPTY = Buffer.alloc(0);

/** Bytes of the bodies that are being received, over all connections. */
export interface BodyMemory {
  bytes: number;
}

/** What all requests share. */
export interface ExchangeParts {
  readonly clock: Clock;
  readonly connections: DoorConnections;
  readonly counts: DoorCounts;
  readonly memory: BodyMemory;
}

/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further headers: name, value, name, value. */
  readonly headers?: readonly string[];
  /** True if the connection cannot be used again. */
  readonly isLast?: boolean;
}

/** Sends one answer, or none. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly connection: Connection;
  readonly #response: ServerResponse;
  readonly #parts: ExchangeParts;
  readonly #number: number;
  #heldBytes = 0;
  #pieces: Buffer[] = [];
  #guard: NodeJS.Timeout | null = null;
  #receivedAtMs: number | null = null;
  #isAnswered = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
    parts: ExchangeParts,
  ) {
    this.request = request;
    this.connection = connection;
    this.#response = response;
    this.#parts = parts;
    connection.requests += 1;
    connection.underWay += 1;
    this.#number = connection.requests;
    response.once('close', () => this.#end());
    if (connection.underWay > PIPELINED_REQUESTS_MAX) this.close('pipelined');
  }

  /**
   * Receives the body and hands it over, if it is not too large: then the answer is 413.
   */
  receive(then: (body: Buffer) => void): void {
    const { connection, request } = this;
    let bytes = 0;
    connection.receivingSinceMs = this.#parts.connections.nowMs;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= REQUEST_BYTES_MAX) this.#hold(piece, bytes);
      else if (this.#heldBytes > 0) this.#release();
      if (bytes > DISCARDED_BYTES_MAX) this.#refuseBody();
    });
    request.once('close', () => this.#release());
    request.once('end', () => {
      connection.receivingSinceMs = null;
      this.#receivedAtMs = this.#parts.clock.monotonicMs();
      if (this.#isAnswered) return;
      if (bytes > REQUEST_BYTES_MAX) {
        this.#refuseBody();
        return;
      }
      const body = this.#pieces.length === 1 ? (this.#pieces[0] ?? EMPTY) : Buffer.concat(this.#pieces);
      this.#release();
      then(body);
    });
  }

  /** Closes the connection without an answer if there is none in time; for answers that are waited for. */
  guard(): void {
    this.#guard = setTimeout(() => this.close('late'), ANSWER_MS);
  }

  /** Sends the answer, unless there is one already or the client has gone. */
  answer({ status, contentType, body, headers, isLast = false }: HttpAnswer): void {
    const { connection } = this;
    if (this.#isAnswered || connection.socket.destroyed) return;
    this.#isAnswered = true;
    if (this.#guard !== null) clearTimeout(this.#guard);
    const { counts, clock } = this.#parts;
    counts.answer(
      status,
      this.#receivedAtMs === null ? null : (clock.monotonicMs() - this.#receivedAtMs) / 1000,
    );
    connection.answeredSinceMs ??= this.#parts.connections.nowMs;
    const all =
      status === 204 ? [] : ['content-type', contentType, 'content-length', String(Buffer.byteLength(body))];
    if (headers !== undefined) all.push(...headers);
    // The answers of a connection leave in the order of its requests, so only the newest may say that it is the last.
    const isDrained = this.#parts.connections.isDraining && connection.requests === this.#number;
    if (isLast || isDrained) all.push('connection', 'close');
    this.#response.writeHead(status, all).end(body);
  }

  /** Closes the connection without an answer. */
  close(reason: ClosingReason): void {
    this.#isAnswered = true;
    this.#parts.connections.close(this.connection, reason);
  }

  #hold(piece: Buffer, bytes: number): void {
    const { memory } = this.#parts;
    this.#pieces.push(piece);
    this.#heldBytes += piece.length + PIECE_BYTES;
    memory.bytes += piece.length + PIECE_BYTES;
    const isLarge = bytes > SMALL_BODY_BYTES_MAX || this.#heldBytes > SMALL_BODY_BYTES_MAX * 2;
    if (isLarge && memory.bytes > BODIES_BYTES_MAX) this.close('memory');
  }

  #release(): void {
    this.#parts.memory.bytes -= this.#heldBytes;
    this.#heldBytes = 0;
    this.#pieces = [];
  }

  #refuseBody(): void {
    if (this.#isAnswered) return;
    this.#parts.counts.largeBodies += 1;
    const body = `a request has at most ${REQUEST_BYTES_MAX} bytes\n`;
    this.answer({ status: 413, contentType: 'text/plain; charset=utf-8', body, isLast: true });
  }

  #end(): void {
    const { connection } = this;
    if (this.#guard !== null) clearTimeout(this.#guard);
    this.#release();
    connection.underWay -= 1;
    connection.answeredSinceMs = null;
  }
}
