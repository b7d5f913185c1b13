// Publishes statistics over a connection of its own, so that a busy writer delays no publication. While the broker is
// away it publishes nothing: old numbers sent late would pass for new ones.

import { connectBroker, type NatsConnection, type NatsOptions } from '../../io/nats.ts';
import type { StatisticsMessage } from './payload.ts';

export class Publisher {
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #isConnected = false;

  /** Connects, for as long as it takes. The ingest thread's connection does the talking about outages. */
  async start(nats: NatsOptions): Promise<void> {
    this.#connection = await connectBroker(
      'truebit-aggregator-publish',
      nats,
      {
        onConnected: () => {
          this.#isConnected = true;
        },
        onDisconnected: () => {
          this.#isConnected = false;
        },
        onUnreachable: () => undefined,
      },
      this.#stop.signal,
    );
  }

  /** Publishes and waits until the broker has the messages; false if it is away. */
  async publish(messages: readonly StatisticsMessage[]): Promise<boolean> {
    const connection = this.#connection;
    if (connection === null || !this.#isConnected) return false;
    for (const { subject, payload } of messages) connection.publish(subject, payload);
    try {
      await connection.flush();
      return true;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.close();
  }
}
