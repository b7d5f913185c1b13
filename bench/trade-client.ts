// Sends trades to a WebSocket as fast as the answers allow, from prepared bytes, so that the client costs little beside
// the server that is measured.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const FIRST_MS = Date.UTC(2025, 0, 1);
/** The answer to each of the trades with an id: all ids have 13 characters. */
export const ACK = '{"type":"ack","trade_id":"t-00000000000"}';
/** The answer to a trade without an id is as long as this one. */
const ACK_WITHOUT_ID = `{"type":"ack","trade_id":"BTCUSDT-${FIRST_MS}"}`;

/** How trades are sent. */
export interface TradeStyle {
  readonly hasIds: boolean;
  /** Trades in a frame; 1: each is a message of type `trade`. */
  readonly perFrame: number;
  /** Frames that are written at once. */
  readonly together: number;
}

/** Frames that are written at once, and the length of their answers. */
export interface TradeBuffers {
  readonly buffers: readonly Buffer[];
  readonly answerBytes: number;
}

/** Trades, nearly in order of time, as masked frames; `count` is a multiple of the trades of a buffer. */
export function tradeFrames(from: number, count: number, style: TradeStyle): TradeBuffers {
  const { hasIds, perFrame, together } = style;
  const buffers: Buffer[] = [];
  const frame = (first: number) => {
    const trades = Array.from({ length: perFrame }, (_, index) => tradeOf(first + index, hasIds));
    return frameOf(
      JSON.stringify(perFrame === 1 ? { type: 'trade', data: trades[0] } : { type: 'trades', data: trades }),
    );
  };
  for (let first = from; first < from + count; first += perFrame * together) {
    const frames = Array.from({ length: together }, (_, index) => frame(first + index * perFrame));
    buffers.push(Buffer.concat(frames));
  }
  const ackBytes = 2 + (hasIds ? ACK : ACK_WITHOUT_ID).length;
  return { buffers, answerBytes: perFrame * together * ackBytes };
}

function tradeOf(index: number, hasId: boolean): object {
  // Some are up to 0.7 s late.
  const timestamp = FIRST_MS + index * 40 - ((index * 7) % 11) * 70;
  const price = (50_000 + Math.sin(index / 5_000) * 2_000 + ((index * 7_919) % 1_000) / 100).toFixed(2);
  const size = (((index * 104_729) % 99_991) / 100_000 + 0.00001).toFixed(5);
  return {
    symbol: 'BTCUSDT',
    price: Number(price),
    size: Number(size),
    side: index % 2 === 0 ? 'buy' : 'sell',
    timestamp,
    fee: Number((Number(price) * Number(size) * 0.001).toFixed(6)),
    ...(hasId && { trade_id: `t-${String(index).padStart(11, '0')}` }),
  };
}

function frameOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255, 1, 2, 3, 4]),
    bytes.map((byte, index) => byte ^ ((index % 4) + 1)),
  ]);
}

/** A connection after its upgrade, and after the welcome of a server that sends one. */
export async function openTradeClient(url: string, hasWelcome: boolean): Promise<Socket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const end = hasWelcome ? /\r\n\r\n.*"}$/s : /\r\n\r\n/;
  for (let text = ''; !end.test(text); ) {
    const [data] = (await once(socket, 'data')) as [Buffer];
    text += data.toString('latin1');
  }
  return socket;
}

/** Sends all buffers, with at most `window` of them unanswered; resolves at the last answer. */
export async function sendTrades(
  socket: Socket,
  { buffers, answerBytes }: TradeBuffers,
  window: number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sent = 0;
  let bytes = 0;
  const send = () => {
    const answered = bytes / answerBytes;
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
