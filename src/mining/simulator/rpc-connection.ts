// One keep-alive connection on which a simulated miner asks, one question at a time. It is made of a bare socket, so that
// one process can hold ten thousand of them; it understands answers with a content length.

import { connect, type Socket } from 'node:net';
import { errorCode } from '../../lib/error-code.ts';

/** What came of a question. `failed` is final for the connection: the next question makes a new one. */
export type RpcOutcome =
  | { readonly type: 'answered'; readonly status: number; readonly body: string }
  | { readonly type: 'failed'; readonly reason: 'refused' | 'reset' | 'timeout' | 'undecodable' };

/** Where a connection leads, and the head of its requests. */
export interface RpcTarget {
  readonly host: string;
  readonly port: number;
  /** The address from which it comes; null: the system chooses. */
  readonly from: string | null;
  /** The request's head up to the content length: request line and headers, each with its line end. */
  readonly head: string;
}

const HEAD_END = '\r\n\r\n';

/** The connection. */
export class RpcConnection {
  readonly #target: RpcTarget;
  #socket: Socket | null = null;
  #done: ((outcome: RpcOutcome) => void) | null = null;
  #received: Buffer | null = null;

  constructor(target: RpcTarget) {
    this.#target = target;
  }

  /** True while a question has no outcome. */
  get isBusy(): boolean {
    return this.#done !== null;
  }

  /** Asks; `done` is called once. Only for a connection that is not busy. */
  ask(body: string, done: (outcome: RpcOutcome) => void): void {
    this.#done = done;
    const socket = this.#socket ?? this.#connect();
    const request = `${this.#target.head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    socket.write(request);
  }

  /** Gives the running question up, as after a time limit. */
  giveUp(): void {
    this.#end({ type: 'failed', reason: 'timeout' });
  }

  /** Closes the connection; a running question has the outcome `reset`. */
  close(): void {
    this.#end({ type: 'failed', reason: 'reset' });
  }

  #connect(): Socket {
    const { host, port, from } = this.#target;
    const socket = connect({ host, port, noDelay: true, ...(from === null ? {} : { localAddress: from }) });
    this.#socket = socket;
    socket.on('data', (chunk) => {
      if (this.#socket === socket) this.#take(chunk);
    });
    socket.on('error', (error) => {
      if (this.#socket !== socket) return;
      const isRefused = errorCode(error) === 'ECONNREFUSED';
      this.#end({ type: 'failed', reason: isRefused ? 'refused' : 'reset' });
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#end({ type: 'failed', reason: 'reset' });
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = received;
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const status = Number(head.slice(9, 12));
    if (length === undefined && status !== 204) {
      this.#end({ type: 'failed', reason: 'undecodable' });
      return;
    }
    const end = headEnd + HEAD_END.length + Number(length ?? 0);
    if (received.length < end) return;
    this.#received = null;
    const body = received.toString('utf8', headEnd + HEAD_END.length, end);
    const done = this.#done;
    this.#done = null;
    if (/\r\nconnection: *close/i.test(head)) this.#drop();
    done?.({ type: 'answered', status, body });
  }

  #end(outcome: RpcOutcome): void {
    this.#drop();
    const done = this.#done;
    this.#done = null;
    done?.(outcome);
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#received = null;
  }
}
