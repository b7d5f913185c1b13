// A WebSocket client of a test that shows the bytes it gets, and a socket for requests written by hand.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

export interface TestClient {
  readonly web: WebSocket;
  /** Texts so far. */
  readonly texts: string[];
  /** How it was closed: code and reason. */
  readonly closed: Promise<readonly [number, string]>;
}

export async function openClient(url: string): Promise<TestClient> {
  const web = new WebSocket(url, { perMessageDeflate: false });
  onTestFinished(() => web.terminate());
  const texts: string[] = [];
  web.on('message', (data, isBinary) => texts.push(isBinary ? 'binary' : String(data)));
  web.on('error', () => {});
  const closed = once(web, 'close').then(([code, reason]) => [code as number, String(reason)] as const);
  await Promise.race([once(web, 'open'), closed]);
  return { web, texts, closed };
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything that came so far, as Latin-1. */
  received(): string;
  readonly ended: Promise<void>;
}

/** Writes bytes to a port. */
export async function openRaw(url: string, bytes = ''): Promise<RawClient> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (data) => (text += data.toString('latin1')));
  socket.on('error', () => {});
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await Promise.race([once(socket, 'connect'), ended]);
  if (bytes !== '') socket.write(bytes);
  return { socket, received: () => text, ended };
}

/** The request of an upgrade; further headers and other ones. */
export function upgradeRequest(target: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    host: '127.0.0.1',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A masked frame of at most 125 bytes, as a client sends it; the text is Latin-1. */
export function clientFrame(text: string, firstByte = 0x81): Buffer {
  return Buffer.concat([
    Buffer.from([firstByte, 0x80 | text.length, 0, 0, 0, 0]),
    Buffer.from(text, 'latin1'),
  ]);
}
