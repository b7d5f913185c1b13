// The miners' door: an HTTP server for JSON-RPC and a few small pages that listens, limits what a client may cost, and
// empties in order when it stops. What is answered is decided elsewhere and handed in.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { listenError } from '../../lib/listen-fault.ts';
import { reachedAt } from '../../lib/own-address.ts';
import type { Part } from '../../lib/part.ts';
import type { Credentials } from './basic-auth.ts';
import { DoorConnections } from './door-connections.ts';
import { DoorCounts, type DoorSnapshot } from './door-counts.ts';
import { type DoorParts, DoorRoutes, type RouteOptions } from './door-routes.ts';
import { makeDoorServer, type Certificate } from './door-server.ts';
import { Exchange, type ExchangeParts } from './exchange.ts';

/** Connections that wait to be accepted when many miners come at once; the system may allow fewer. */
const BACKLOG = 4_096;

/** Where the door listens, and whom it lets in. */
export interface DoorOptions extends RouteOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The name of the setting of the address, for errors: `server.listen_address` or `listen_address`. */
  readonly setting: string;
  /** Null for HTTP without TLS. */
  readonly tls: Certificate | null;
  /** Most open connections, at least 1; see `fitConnections`. */
  readonly connectionsMax: number;
}

/** Listens from `start` to `stop`. */
export class MinerDoor implements Part<{ readonly url: string }> {
  readonly #options: DoorOptions;
  readonly #counts = new DoorCounts();
  readonly #connections: DoorConnections;
  readonly #exchanges: ExchangeParts;
  readonly #routes: DoorRoutes;
  /** All connections, also those that have not agreed on keys yet. */
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #isStopping = false;

  /** Throws `settings_invalid` for a trusted proxy that is no address. */
  constructor(options: DoorOptions, parts: DoorParts) {
    this.#options = options;
    const { clock } = parts;
    this.#connections = new DoorConnections(clock, (reason) => this.#counts.closed(reason));
    this.#exchanges = {
      clock,
      connections: this.#connections,
      counts: this.#counts,
      memory: { bytes: 0 },
    };
    this.#routes = new DoorRoutes(options, parts, this.#counts);
  }

  /** Other credentials from now on; null lets every miner in. */
  setAuth(auth: Credentials | null): void {
    this.#routes.setAuth(auth);
  }

  /** What was counted since the start. */
  get counts(): DoorSnapshot {
    return this.#counts.snapshot(this.#sockets.size, this.#options.connectionsMax);
  }

  /** Errors: `port_in_use`, `listen_failed`, or `settings_invalid` for an address or a certificate that cannot be used. */
  async start(): Promise<{ readonly url: string }> {
    const { host, port, setting, tls, connectionsMax } = this.#options;
    const server = makeDoorServer({
      tls,
      connectionsMax,
      connections: this.#connections,
      counts: this.#counts,
      accepted: (socket) => this.#accept(socket),
      received: (request, response) => this.#receive(request, response),
    });
    this.#server = server;
    this.#connections.start();
    try {
      await listen(server, { host, port, backlog: BACKLOG });
    } catch (error) {
      throw listenError(error, { host, port, hostSetting: setting, portSetting: setting });
    }
    // The system may have no descriptor for a new connection. Without a listener this error would end the process.
    server.on('error', () => {
      this.#counts.refusals.system += 1;
    });
    if (this.#isStopping) NetServer.prototype.close.call(server);
    const { port: bound } = (server.address() ?? { port }) as AddressInfo;
    return { url: `${tls === null ? 'http' : 'https'}://${reachedAt(host)}:${bound}` };
  }

  /**
   * Accepts no more, answers what is under way and tells its clients to close, within 2.5 s. The parts must answer until
   * it resolves.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const server = this.#server;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
    // `close` of an HTTP server would also close unused connections, on which a request may be on its way.
    if (server.listening) NetServer.prototype.close.call(server);
    await this.#connections.drain();
    for (const socket of this.#sockets) socket.destroy();
    server.close();
    await closed;
  }

  /** Looks now for connections that take too long; the door does so once a second. */
  sweep(): void {
    this.#connections.sweep();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.of(request.socket);
    if (connection === undefined) request.socket.destroy();
    else this.#routes.route(new Exchange(request, response, connection, this.#exchanges));
  }
}

async function listen(
  server: Server,
  options: { host: string; port: number; backlog: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
