// The simulator's connection to the broker: with the rights of a monitor it publishes inputs and hears statistics.

import { connect } from 'nats';
import { CodedError } from '../../lib/errors.ts';
import type { Outlet } from './sender.ts';

/** Where and as whom to connect. */
export interface BrokerOptions {
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
}

/** The simulator's connection to the broker. */
export interface Broker extends Outlet {
  /**
   * Calls `listener` with every statistics message from now on; resolves when the broker has accepted the
   * subscriptions.
   */
  onStatistics(listener: (payload: Uint8Array) => void): Promise<void>;
  close(): Promise<void>;
}

const STATISTICS_SUBJECTS = ['truebit.stats.aggregated', 'truebit.stats.period.*'];
const CONNECT_TIMEOUT_MS = 5000;
const LISTENER_RECONNECT_MS = 500;

/**
 * Connects once, without reconnecting. When a connection ends, messages in transit may or may not have arrived, and a
 * count that may be wrong is useless. With `isListener` it only hears statistics and reconnects for ever. Throws
 * CodedError `usage` if the broker cannot be reached.
 */
export async function connectSimulator(options: BrokerOptions, isListener = false): Promise<Broker> {
  const credentials =
    options.password === null ? {} : { user: options.user ?? 'monitor', pass: options.password };
  const where = options.servers.join(',');
  const connection = await connect({
    servers: [...options.servers],
    name: 'truebit-simulator',
    reconnect: isListener,
    ...(isListener ? { maxReconnectAttempts: -1, reconnectTimeWait: LISTENER_RECONNECT_MS } : {}),
    timeout: CONNECT_TIMEOUT_MS,
    ...credentials,
  }).catch((error: unknown) => {
    const hint =
      'start the aggregator (./aggregator brings its own broker) or name the broker with --nats URL';
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError('usage', `No connection to the broker at ${where} (${reason}): ${hint}.`, {
      cause: error,
    });
  });
  let reason: string | null = null;
  void connection.closed().then((error) => {
    reason = error instanceof Error ? error.message : 'closed';
  });

  async function flush(): Promise<void> {
    await connection.flush().catch((error: unknown) => {
      reason ??= error instanceof Error ? error.message : 'closed';
    });
    if (reason !== null) throw new Error(`The broker ended the connection (${reason}).`);
  }

  return {
    publish: (subject, payload) => connection.publish(subject, payload),
    flush,
    async onStatistics(listener) {
      for (const subject of STATISTICS_SUBJECTS) {
        connection.subscribe(subject, {
          callback: (error, message) => void (error ?? listener(message.data)),
        });
      }
      await flush();
    },
    close: () => connection.close(),
  };
}
