// Publishes chunks of protocol bytes over plain TCP, as fast as the broker takes them or at a rate. Chunks end between
// messages, so that the answer to the broker's ping never lands inside one: the broker would drop the connection.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Load } from './load.ts';

const TICK_MS = 5;

export interface Published {
  /** Wall clock, ms since the epoch. */
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Login and the first ping done; `credentials` are members of CONNECT. */
export async function openSocket(port: number, credentials: object = {}): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const ready = new Promise<void>((resolve, reject) => {
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      if (text.includes('PING')) socket.write('PONG\r\n');
      if (text.includes('PONG')) resolve();
      if (text.includes('-ERR')) reject(new Error(text));
    });
    socket.once('error', reject);
  });
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, ...credentials })}\r\nPING\r\n`);
  await ready;
  return socket;
}

export interface PublishOptions {
  /** Messages a second; if absent, as many as the broker accepts. */
  readonly perSecond?: number;
  /** Told when a chunk is about to be written. */
  readonly sending?: (chunk: number) => void;
}

/** Resolves when the broker has taken everything. */
export async function publish(
  port: number,
  { chunks, messages }: Load,
  { perSecond = Infinity, sending }: PublishOptions = {},
): Promise<Published> {
  const socket = await openSocket(port);
  const startedMs = Date.now();
  const perChunk = messages / chunks.length;
  for (const [index, chunk] of chunks.entries()) {
    while (index * perChunk > ((Date.now() - startedMs) / 1000) * perSecond)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    sending?.(index);
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  const taken = new Promise((resolve) =>
    socket.on('data', (bytes: Buffer) => void (bytes.includes('PONG') && resolve(null))),
  );
  socket.write('PING\r\n');
  await taken;
  const endedMs = Date.now();
  socket.destroy();
  return { startedMs, endedMs };
}
