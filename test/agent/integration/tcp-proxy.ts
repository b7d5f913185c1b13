// A wire between a client and a broker that a test can cut, or hold in one direction.

import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TcpProxy {
  readonly url: string;
  /** Set to see each chunk of the client; returns how many bytes of it still pass before the wire is cut, null for all. */
  fromClient: ((chunk: Buffer) => number | null) | null;
  /** While true nothing of the broker reaches the client; it comes when this ends. */
  hold(isHeld: boolean): void;
  /** Ends all connections at once. */
  cut(): void;
}

export async function startProxy(brokerPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isHeld = false;
  const proxy = {
    url: '',
    fromClient: null as TcpProxy['fromClient'],
    hold(held: boolean) {
      isHeld = held;
      for (const [, broker] of pairs) {
        if (held) broker.pause();
        else broker.resume();
      }
    },
    cut() {
      for (const [client, broker] of pairs) {
        client.destroy();
        // What was written to the broker still arrives.
        broker.end();
      }
      pairs.clear();
    },
  };
  const server = createServer((client) => {
    const broker = connect(brokerPort, '127.0.0.1');
    const pair = [client, broker] as const;
    pairs.add(pair);
    client.on('data', (chunk) => {
      const passes = proxy.fromClient?.(chunk) ?? null;
      broker.write(passes === null ? chunk : chunk.subarray(0, passes));
      if (passes !== null) proxy.cut();
    });
    broker.on('data', (chunk) => client.write(chunk));
    if (isHeld) broker.pause();
    const end = () => {
      client.destroy();
      broker.destroy();
      pairs.delete(pair);
    };
    client.on('close', () => {
      if (pairs.has(pair)) end();
    });
    broker.on('close', end);
    client.on('error', () => undefined);
    broker.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy.url = `nats://127.0.0.1:${address.port}`;
  onTestFinished(() => {
    proxy.cut();
    server.close();
  });
  return proxy;
}
