// One connection of a simulated node to the broker, by the NATS client. It is never reconnected: a node that lost it
// dials another one, as fleet-node.ts decides.

import { connect, headers as emptyHeaders } from 'nats';
import type { BrokerOptions } from './broker.ts';
import type { SignatureHeaders } from './signature.ts';

/** One connection of a node. */
export interface NodeConnection {
  publish(subject: string, payload: Uint8Array, headers: SignatureHeaders | null): void;
  /** Resolves when the broker has answered a PING after everything published so far; rejects if the connection ends. */
  flush(): Promise<void>;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<unknown>;
  /** Version of the broker at the other end. */
  readonly brokerVersion: string;
  /** Ends the connection at once. What the broker has not read may be gone. */
  cut(): void;
}

/** Makes connections; `onRefused` hears what the broker forbids. Rejects if the broker cannot be reached. */
export type Dial = (onRefused: (reason: string) => void) => Promise<NodeConnection>;

const DIAL_TIMEOUT_MS = 10_000;

/** Makes connections to these servers. */
export function fleetDialer(options: BrokerOptions): Dial {
  const credentials =
    options.password === null ? {} : { user: options.user ?? 'monitor', pass: options.password };
  return async (onRefused) => {
    const connection = await connect({
      servers: [...options.servers],
      name: 'truebit-loadtest',
      reconnect: false,
      ignoreClusterUpdates: true,
      timeout: DIAL_TIMEOUT_MS,
      ...credentials,
    });
    const ended = connection.closed();
    void (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'error') onRefused(status.error.message);
      }
    })();
    return {
      ended,
      brokerVersion: connection.info?.version ?? 'unknown',
      publish(subject, payload, headers) {
        if (headers === null) {
          connection.publish(subject, payload);
          return;
        }
        const set = emptyHeaders();
        for (const [name, value] of Object.entries(headers)) set.set(name, value);
        connection.publish(subject, payload, { headers: set });
      },
      async flush() {
        await Promise.race([connection.flush(), ended.then(endedInstead)]);
      },
      cut: () => void connection.close(),
    };
  };
}

function endedInstead(): never {
  throw new Error('The connection ended.');
}
