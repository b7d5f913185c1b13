// The broker of a run: a real nats-server in a process of its own, which can be killed, stopped, continued and started
// again on the same port and store, and whose store can be copied while it is down.

import { cpSync, rmSync } from 'node:fs';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from 'nats';
import { freePort } from '../../support/free-port.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { PATIENCE_MS } from './patience.ts';
import { until } from '../../support/until.ts';

export const STREAM = 'TRUEBIT_INGEST';

export class Broker {
  readonly url: string;
  readonly #port: number;
  readonly #store: string;
  #server: NatsServer | null = null;
  #isPaused = false;

  private constructor(port: number, store: string) {
    this.#port = port;
    this.#store = store;
    this.url = `nats://127.0.0.1:${port}`;
  }

  /** A broker that is not started yet; `store` may hold a copy of another's. */
  static async create(store: string): Promise<Broker> {
    return new Broker(await freePort(), store);
  }

  async start(): Promise<void> {
    // A failed start of the broker is repeated, because the run tests the aggregator.
    const start = () => startNatsServer({ storeFolder: this.#store, port: this.#port }).catch(() => null);
    this.#server = await until('the broker to start', start, PATIENCE_MS);
    this.#isPaused = false;
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#isPaused) this.resume();
    const server = this.#server;
    this.#server = null;
    await server?.stop(signal);
  }

  pause(): void {
    this.#isPaused = this.#server?.process.kill('SIGSTOP') ?? false;
  }

  resume(): void {
    this.#server?.process.kill('SIGCONT');
    this.#isPaused = false;
  }

  /** Stops it in order, copies its store, and starts it again. */
  async copyTo(folder: string): Promise<void> {
    await this.stop('SIGTERM');
    cpSync(this.#store, folder, { recursive: true });
    await this.start();
  }

  /** Stops it in order, and starts it on a copy made earlier. */
  async restore(folder: string): Promise<void> {
    await this.stop('SIGTERM');
    rmSync(this.#store, { recursive: true });
    cpSync(folder, this.#store, { recursive: true });
    await this.start();
  }

  connect(): Promise<NatsConnection> {
    return connect({ servers: this.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  }

  /** Asks JetStream something over a connection of its own. */
  async manage<Answer>(ask: (manager: JetStreamManager) => Promise<Answer>): Promise<Answer> {
    const connection = await this.connect();
    try {
      return await ask(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  /** First and last sequence of the stream. */
  sequences(): Promise<{ readonly first: number; readonly last: number }> {
    return this.manage(async (manager) => {
      const { state } = await manager.streams.info(STREAM);
      return { first: state.first_seq, last: state.last_seq };
    });
  }
}
