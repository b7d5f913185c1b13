// Sends trades to a WebSocket as fast as the answers allow, from prepared bytes, so that the client costs little beside
// the server that is measured.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const FIRST_MS = Date.UTC(2025, 0, 1);
/** Length of the answer to each of the trades: all have ids of 13 characters. */
export const ACK = '{"type":"ack","trade_id":"t-00000000000"}';
const FRAME_BYTES = 2 + ACK.length;

/** Trades, nearly in order of time, as masked frames: each a buffer of `together` frames. */
export function tradeFrames(from: number, count: number, together: number): Buffer[] {
  const buffers: Buffer[] = [];
  for (let first = from; first < from + count; first += together) {
    const frames = Array.from({ length: together }, (_, index) => frameOf(tradeText(first + index)));
    buffers.push(Buffer.concat(frames));
  }
  return buffers;
}

function tradeText(index: number): string {
  // Some are up to 0.7 s late.
  const timestamp = FIRST_MS + index * 40 - ((index * 7) % 11) * 70;
  const price = (50_000 + Math.sin(index / 5_000) * 2_000 + ((index * 7_919) % 1_000) / 100).toFixed(2);
  const size = (((index * 104_729) % 99_991) / 100_000 + 0.00001).toFixed(5);
  return JSON.stringify({
    type: 'trade',
    data: {
      symbol: 'BTCUSDT',
      price: Number(price),
      size: Number(size),
      side: index % 2 === 0 ? 'buy' : 'sell',
      timestamp,
      fee: Number((Number(price) * Number(size) * 0.001).toFixed(6)),
      trade_id: `t-${String(index).padStart(11, '0')}`,
    },
  });
}

/** A mask of zeros leaves the text as it is; the server unmasks it all the same. */
function frameOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255, 1, 2, 3, 4]),
    masked(bytes),
  ]);
}

function masked(bytes: Buffer): Buffer {
  return bytes.map((byte, index) => byte ^ ((index % 4) + 1)) as Buffer;
}

/** A connection after its upgrade. */
export async function openTradeClient(url: string): Promise<Socket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  // The welcome, if there is one, comes with the upgrade or a moment later.
  await once(socket, 'data');
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.read();
  return socket;
}

/** Sends all buffers of `together` frames, with at most `window` of them unanswered; resolves at the last answer. */
export async function sendTrades(
  socket: Socket,
  buffers: readonly Buffer[],
  together: number,
  window: number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sent = 0;
  let bytes = 0;
  const send = () => {
    const answered = bytes / (FRAME_BYTES * together);
    while (sent < buffers.length && sent < Math.floor(answered) + window)
      socket.write(buffers[sent++] as Buffer);
    if (answered === buffers.length) resolve();
    if (answered > buffers.length) reject(new Error('an answer of another length'));
  };
  const take = (data: Buffer) => {
    bytes += data.length;
    send();
  };
  const closed = () => reject(new Error('closed'));
  socket.on('data', take).once('close', closed);
  send();
  await promise;
  socket.off('data', take).off('close', closed);
}
