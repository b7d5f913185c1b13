// A part that is stopped while it dials the broker keeps no connection, although the client cannot cancel a dial.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NatsOptions } from '../../../src/io/nats.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Part } from '../../../src/lib/part.ts';
import { JoinResponder } from '../../../src/federation/sinks/join-responder.ts';
import { Publisher } from '../../../src/federation/sinks/publisher.ts';
import { Telemetry } from '../../../src/federation/sources/telemetry.ts';
import { until } from '../../support/until.ts';

const unused = (): never => {
  throw new Error('not called before the connection is made');
};

/** Each part that dials the broker. `log` notes that a part believes it is connected. */
const PARTS: Readonly<Record<string, (nats: NatsOptions, log: string[]) => Part>> = {
  'the join responder': (nats, log) =>
    new JoinResponder({
      nats: () => nats,
      queue: null,
      context: unused,
      counted: unused,
      log: (_level, sentence) => void log.push(sentence),
      monotonicMs: systemClock.monotonicMs,
    }),
  'the publisher': (nats, log) =>
    new Publisher({
      nats: () => nats,
      signer: unused,
      isBrokerThere: () => true,
      monotonicMs: systemClock.monotonicMs,
      log: (_level, sentence) => void log.push(sentence),
    }),
  'the source': (nats, log) =>
    new Telemetry(
      {
        nats,
        mode: 'core',
        streamMaxAgeMs: 0,
        streamMaxBytes: 0,
        retentionMs: 0,
        pullMessages: 1,
        pullsOutstanding: 1,
        pingIntervalMs: 20,
        refusedRetryMs: 20,
        catchingUpAgeMs: 20,
        stallLookMs: 20,
        stallAfterMs: 20,
      },
      { lastKnown: unused, attach: unused, nothingUpTo: unused, detach: unused },
      {
        heard: () => void log.push('heard'),
        begun: () => void log.push('begun'),
        lost: () => void log.push('lost'),
        fatal: unused,
        message: unused,
        resting: () => undefined,
        restart: () => undefined,
        log: (_level, sentence) => void log.push(sentence),
        clock: systemClock,
      },
    ),
};

/** A broker that sends its first line, without which no client gets further, only when it is told to. */
async function silentBroker() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => chunk.includes('PING') && socket.write('PONG\r\n'));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `nats://127.0.0.1:${port}`, port, sockets };
}

describe('stop while connecting', () => {
  it.each(Object.keys(PARTS))('stop while connecting - %s keeps no connection', async (name) => {
    const { url, port, sockets } = await silentBroker();
    const nats = { servers: [url], user: null, password: null, token: null, credsFile: null };
    const files = { caFile: null, certFile: null, keyFile: null, inboxPrefix: null };
    const log: string[] = [];
    const part = PARTS[name]?.({ ...nats, ...files }, log);
    const starting = part?.start();
    const [socket] = await until('the dial', () => sockets.length > 0 && sockets);
    await part?.stop();
    socket?.write(`INFO {"server_id":"S","version":"2.9.10","port":${port},"max_payload":1048576}\r\n`);
    await until('the connection to be closed', () => socket?.closed, 5_000);
    await starting;
    expect(sockets).toHaveLength(1);
    expect(log).toEqual([]);
  });
});
