// How many of the connections one address may hold: not all of them, so that a stranger alone cannot shut out probes and
// everybody else. A reverse proxy is one address, and has nearly all.

import type { Server } from 'node:net';

/** Closes at once what an address opens beyond `most` connections at the same time. */
export function limitPerAddress(server: Server, most: number): void {
  // Bounded as connections are: who has none has no entry.
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const held = open.get(address) ?? 0;
    if (held >= most) {
      socket.destroy();
      return;
    }
    open.set(address, held + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
