// A real broker whose other side is the test: it answers requests to join, and keeps every message that an agent sends.

import type { NatsConnection } from 'nats';
import { AGENT_SALT } from '../../support/agent-program.ts';
import { connectTo, launchBroker } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** A message as it came. */
export interface HeardMessage {
  readonly subject: string;
  /** The whole text. */
  readonly text: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

const PRESENCE = new Set(['heartbeat', 'node_joined', 'node_left']);

/** The broker, and what came. */
export class Network {
  readonly url: string;
  readonly heard: HeardMessage[] = [];
  readonly connection: NatsConnection;

  private constructor(url: string, connection: NatsConnection) {
    this.url = url;
    this.connection = connection;
  }

  /** Starts a broker that ends with the test. `ratePerMinute` is what agents may send. */
  static async start(port?: number, ratePerMinute = 600_000): Promise<Network> {
    const broker = await launchBroker(port === undefined ? {} : { port });
    const connection = await connectTo(broker.url);
    const network = new Network(broker.url, connection);
    const reply = JSON.stringify({
      federationSalt: AGENT_SALT,
      heartbeatIntervalMs: 30_000,
      ratePerMinute,
      aggregatorId: 'test-network',
    });
    connection.subscribe('truebit.>', {
      callback: (_error, message) => {
        if (message.subject === 'truebit.federation.join') message.respond(reply);
        else if (!message.subject.startsWith('truebit.stats.'))
          network.#keep(message.subject, message.string());
      },
    });
    await connection.flush();
    return network;
  }

  /** Settings that lead an agent here. */
  get env(): Readonly<Record<string, string>> {
    return { FEDERATION_NATS_URL: this.url };
  }

  /** Messages that are no presence. */
  get facts(): readonly HeardMessage[] {
    return this.heard.filter(({ type }) => !PRESENCE.has(type));
  }

  /** How many messages of each kind came, presence left out. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { type } of this.facts) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }

  /** Ids that came more than once in messages of one type. */
  get repeated(): readonly string[] {
    const seen = new Map<string, number>();
    for (const { type, data } of this.facts) {
      const key = `${type} ${String(data['invoiceIdHash'] ?? data['taskIdHash'])}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    return [...seen].filter(([, count]) => count > 1).map(([key]) => key);
  }

  /** Waits until this number of messages that are no presence came, and one more would have had the time to. */
  async came(count: number, timeoutMs?: number): Promise<void> {
    await until(
      `${count} messages, and not ${this.facts.length}`,
      () => this.facts.length >= count,
      timeoutMs,
    );
  }

  #keep(subject: string, text: string): void {
    const { type, data } = JSON.parse(text) as Pick<HeardMessage, 'type' | 'data'>;
    this.heard.push({ subject, text, type, data, atMs: Date.now() });
  }
}
