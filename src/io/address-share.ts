// Limits how many connections one address may hold. One client cannot take all connections, so probes and other clients
// always find one. A reverse proxy is one address, so the limit is nearly all of them.

import type { Server } from 'node:net';

/**
 * Closes at once every connection that an address opens beyond `most` open ones, and tells of each. `shareOf` names what
 * counts as one address, for example a network.
 */
export function limitPerAddress(
  server: Server,
  most: number,
  refused: () => void = () => {},
  shareOf: (address: string) => string = (address) => address,
): void {
  // Open connections by address. An address without any has no entry, so the map is no larger than the number of
  // connections.
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = shareOf(socket.remoteAddress ?? '');
    const held = open.get(address) ?? 0;
    if (held >= most) {
      socket.destroy();
      refused();
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
