// The routes of the miners' door: finds for each request what answers it, and who asks.

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import type { Peer } from '../domain/submission.ts';
import { type AuthOutcome, checkerOf, type Credentials } from './basic-auth.ts';
import type { Connection } from './door-connections.ts';
import type { DoorCounts } from './door-counts.ts';
import type { Exchange } from './exchange.ts';
import { MinerRpc, type RpcParts, type RpcReply } from './miner-rpc.ts';
import { isLoopback, isMinerName, peerOf, TrustedProxies } from './peer-name.ts';

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
/** Names of strangers stand in the statistics: a browser must never take them for a page. */
const FOR_BROWSERS = ['x-content-type-options', 'nosniff', 'cache-control', 'no-store'];

/** An answer that another part of the program made. */
export interface ProbeAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Paths that only peers on this machine may ask. */
export type ProbePath = '/livez' | '/readyz' | '/metrics';

/** What the door asks of the rest of the program. */
export interface DoorParts extends RpcParts {
  readonly clock: Clock;
  /** A node on this machine has a new block. */
  notify(): void;
  /** The JSON text of `/stats`. */
  stats(): Promise<string>;
  probe(path: ProbePath): ProbeAnswer | Promise<ProbeAnswer>;
}

/** Whom the door lets in, and whose word it takes. */
export interface RouteOptions {
  /** Null lets every miner in. */
  readonly auth: Credentials | null;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

/** Answers every request. */
export class DoorRoutes {
  readonly #parts: DoorParts;
  readonly #counts: DoorCounts;
  readonly #proxies: TrustedProxies;
  readonly #rpc: MinerRpc;
  #check: (header: string | undefined) => AuthOutcome;

  /** Throws `settings_invalid` for a trusted proxy that is no address. */
  constructor({ auth, trustedProxies }: RouteOptions, parts: DoorParts, counts: DoorCounts) {
    this.#parts = parts;
    this.#counts = counts;
    this.#proxies = new TrustedProxies(trustedProxies);
    this.#rpc = new MinerRpc(parts, counts);
    this.#check = checkerOf(auth);
  }

  /** Other credentials from now on; null lets every miner in. */
  setAuth(auth: Credentials | null): void {
    this.#check = checkerOf(auth);
  }

  /** Answers a request, now or later. An error of the program closes its connection. */
  route(exchange: Exchange): void {
    this.#safely(exchange, () => this.#route(exchange, pathOf(exchange.request.url ?? '')));
  }

  #safely(exchange: Exchange, answer: () => void): void {
    try {
      answer();
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #route(exchange: Exchange, path: string): void {
    switch (path) {
      case '/':
        if (allows(exchange, 'POST')) this.#receiveRpc(exchange);
        return;
      case '/health':
        if (allows(exchange, 'GET')) answerText(exchange, 200, 'OK');
        return;
      case '/stats':
        if (allows(exchange, 'GET')) this.#stats(exchange);
        return;
      case '/notify':
        if (allows(exchange, 'POST')) this.#notify(exchange);
        return;
      case '/livez':
      case '/readyz':
      case '/metrics':
        // To others these paths do not exist.
        if (!isFromThisMachine(exchange)) break;
        if (allows(exchange, 'GET')) this.#probe(exchange, path);
        return;
    }
    answerText(exchange, 404, 'not found\n');
  }

  #receiveRpc(exchange: Exchange): void {
    if (!isJson(exchange.request.headers['content-type'])) {
      answerText(exchange, 415, 'content-type must be application/json\n');
      return;
    }
    exchange.receive((body) => this.#safely(exchange, () => this.#answerRpc(exchange, body)));
  }

  #answerRpc(exchange: Exchange, body: Buffer): void {
    const outcome = this.#check(exchange.request.headers.authorization);
    if (outcome !== 'right') {
      this.#finish(exchange, this.#rpc.unauthenticated(outcome));
      return;
    }
    if (!isUtf8(body)) {
      this.#finish(exchange, { type: 'not_json' });
      return;
    }
    const peer = this.#peerOf(exchange.request, exchange.connection);
    const reply = this.#rpc.answer(body.toString('utf8'), peer);
    if (!(reply instanceof Promise)) {
      this.#finish(exchange, reply);
      return;
    }
    exchange.guard();
    void reply.then(
      (later) => this.#finish(exchange, later),
      (error: unknown) => this.#fail(exchange, error),
    );
  }

  #finish(exchange: Exchange, reply: RpcReply): void {
    if (reply.type === 'none') exchange.close('none');
    else if (reply.type === 'not_json') answerText(exchange, 400, 'the body is not JSON\n');
    else exchange.answer({ status: 200, contentType: JSON_TYPE, body: reply.text });
  }

  #fail(exchange: Exchange, error: unknown): void {
    this.#parts.failed(error);
    exchange.close('failed');
  }

  #stats(exchange: Exchange): void {
    exchange.guard();
    void this.#parts.stats().then(
      (body) => exchange.answer({ status: 200, contentType: JSON_TYPE, body, headers: FOR_BROWSERS }),
      (error: unknown) => {
        this.#parts.failed(error);
        answerText(exchange, 500, 'the statistics cannot be read at the moment\n');
      },
    );
  }

  #notify(exchange: Exchange): void {
    if (!isFromThisMachine(exchange)) {
      answerText(exchange, 403, 'only a node on this machine may notify\n');
      return;
    }
    exchange.receive(() =>
      this.#safely(exchange, () => {
        this.#parts.notify();
        exchange.answer({ status: 204, contentType: TEXT, body: '' });
      }),
    );
  }

  #probe(exchange: Exchange, path: ProbePath): void {
    exchange.guard();
    void Promise.resolve()
      .then(() => this.#parts.probe(path))
      .then(
        (answer) => exchange.answer(answer),
        (error: unknown) => this.#fail(exchange, error),
      );
  }

  /** The peer of a request; made again only if the headers differ from those of the connection's last request. */
  #peerOf({ headers }: IncomingMessage, connection: Connection): Peer {
    const named = headers['x-miner'] as string | undefined;
    const forwardedFor = headers['x-forwarded-for'] as string | undefined;
    const name = named !== undefined && isMinerName(named) ? named : null;
    if (named !== undefined && name === null) this.#counts.ignoredNames += 1;
    if (
      connection.peer !== null &&
      connection.peerName === named &&
      connection.peerForwardedFor === forwardedFor
    ) {
      return connection.peer;
    }
    const peer = peerOf(this.#proxies.clientOf(connection.address, forwardedFor), name);
    connection.peer = peer;
    connection.peerName = named;
    connection.peerForwardedFor = forwardedFor;
    return peer;
  }
}

/** The path of a request's target without its query. A client may send the whole address, which every server must take. */
function pathOf(target: string): string {
  const path = /^(?:https?:\/\/[^/?]*)?([^?]*)/i.exec(target)?.[1] ?? '';
  return path === '' ? '/' : path;
}

/** True if the request has the method; otherwise it is answered. What may be read may also be asked for its head. */
function allows(exchange: Exchange, method: 'GET' | 'POST'): boolean {
  const given = exchange.request.method;
  if (given === method || (method === 'GET' && given === 'HEAD')) return true;
  const headers = ['allow', method === 'GET' ? 'GET, HEAD' : method];
  exchange.answer({ status: 405, contentType: TEXT, body: 'method not allowed\n', headers });
  return false;
}

function answerText(exchange: Exchange, status: number, body: string): void {
  exchange.answer({ status, contentType: TEXT, body });
}

/** True for a peer on this machine that no proxy has sent. */
function isFromThisMachine({ connection, request }: Exchange): boolean {
  return isLoopback(connection.address) && request.headers['x-forwarded-for'] === undefined;
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === JSON_TYPE) return true;
  return /^application\/(?:[\w.-]+\+)?json(?:-rpc|request)?\s*(?:;|$)/i.test(contentType ?? '');
}
