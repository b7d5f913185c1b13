// A leaf node of a few lines, for attacks: it sends the bytes of a test, in one write or several, over TCP or over the
// WebSocket port, and keeps the bytes that it receives.

import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

export interface RawLeaf {
  /** All text from the broker so far. */
  readonly said: () => string;
  readonly isClosed: () => boolean;
  readonly write: (text: string) => void;
  readonly end: () => void;
}

/** One message as a leaf sends it to a broker. */
export function leafMessage(subject: string, payload: string, reply?: string): string {
  const to = reply === undefined ? subject : `${subject} ${reply}`;
  return `LMSG ${to} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`;
}

let leavesMade = 0;

/** A leaf's greeting, each with a name of its own, because a broker refuses a name that is already connected. */
export function leafConnect(credentials: Readonly<Record<string, string>> = {}): string {
  const name = `raw-leaf-${++leavesMade}`;
  return `CONNECT ${JSON.stringify({ name, server_id: name, version: '2.9.10', ...credentials })}\r\n`;
}

/** Resolves when the broker has sent its INFO. Throws if no server listens. */
export async function leafOverTcp(port: number): Promise<RawLeaf> {
  let [said, isClosed] = ['', false];
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // A broker that closes a connection with unread bytes resets it.
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  return introduced({
    said: () => said,
    isClosed: () => isClosed,
    write: (text) => void socket.write(text),
    end: () => void socket.destroy(),
  });
}

/**
 * The same over a broker's WebSocket port, which takes leaves too once there are any, and else hangs up at once.
 * `firstWords` are sent at once.
 */
export async function leafOverWebSocket(port: number, firstWords?: string): Promise<RawLeaf> {
  let [said, isClosed] = ['', false];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/leafnode`);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => {
    said += typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer).toString();
  });
  socket.addEventListener('close', () => (isClosed = true));
  if (firstWords !== undefined) socket.addEventListener('open', () => socket.send(firstWords));
  return introduced({
    said: () => said,
    isClosed: () => isClosed,
    write: (text) => socket.send(text),
    end: () => socket.close(),
  });
}

async function introduced(leaf: RawLeaf): Promise<RawLeaf> {
  onTestFinished(() => leaf.end());
  await until('the broker to introduce itself', () => leaf.said().includes('INFO {') || leaf.isClosed());
  return leaf;
}
