// One exchange in raw bytes with a real server, for what no HTTP client would send.

import { connect } from 'node:net';

/** Sends raw bytes and reads until the server closes the connection. */
export function exchange(url: string, bytes: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let heard = '';
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => (heard += text));
  socket.on('close', () => resolve(heard));
  socket.on('error', reject);
  return promise;
}
