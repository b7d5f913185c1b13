// A port of 127.0.0.1 that no program listens on, and that no other process of the tests gets while this one lives: it
// is used only a moment later, and again after a restart.

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, and to servers that ask for any. */
const FIRST = 12_000;
const LAST = 29_999;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
}

/** Whether this process has claimed the port: only one process can hold the UDP port of the same number. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const held = createSocket('udp4').unref();
    held.once('error', () => {
      held.close();
      resolve(false);
    });
    held.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
