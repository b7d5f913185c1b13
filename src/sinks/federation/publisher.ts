// Publishes statistics over a connection of its own, so that a busy writer delays no publication. While the broker is
// away it publishes nothing: old numbers sent late would pass for new ones.

import { connectBroker, headers, type NatsConnection, type NatsOptions, pause } from '../../io/nats.ts';
import { KEY_ID_HEADER, SIGNATURE_HEADER } from '../../lib/api-key.ts';
import type { StatisticsSigner } from '../../lib/statistics-signature.ts';
import type { StatisticsMessage } from './payload.ts';

/** A broker that takes longer to answer stands still: the next tick must not wait for it. */
const FLUSH_MAX_MS = 5000;

export class Publisher {
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #signer: StatisticsSigner | null = null;
  #isConnected = false;

  /** Connects, for as long as it takes. The ingest thread's connection does the talking about outages. */
  async start(nats: NatsOptions, signer: StatisticsSigner): Promise<void> {
    this.#signer = signer;
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

  /** Signs, publishes and waits until the broker has the messages; false if it is away. */
  async publish(messages: readonly StatisticsMessage[]): Promise<boolean> {
    const connection = this.#connection;
    const signer = this.#signer;
    if (connection === null || signer === null || !this.#isConnected) return false;
    for (const { subject, payload } of messages) {
      const bytes = Buffer.from(payload);
      const signed = headers();
      signed.set(KEY_ID_HEADER, signer.publicKey.kid);
      signed.set(SIGNATURE_HEADER, signer.sign(bytes));
      connection.publish(subject, bytes, { headers: signed });
    }
    const answered = new AbortController();
    const flushed = connection.flush().then(
      () => true,
      () => false,
    );
    const late = pause(FLUSH_MAX_MS, answered.signal).then(() => false);
    const isThere = await Promise.race([flushed, late]);
    answered.abort();
    return isThere;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.close();
  }
}
