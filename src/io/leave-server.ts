// Leaves a server that answers nothing useful, although the connection to it is sound. The client connects again by itself.

import type { NatsConnection } from './nats.ts';

/** Disconnects, so that the client connects to another server. Resolves when it is connected again, or closed. */
export async function leaveServer(connection: NatsConnection): Promise<void> {
  const left = connection.getServer();
  await reconnect(connection);
  // The client tries its servers in turn, and the first time it begins with the one that it has just left.
  if (!connection.isClosed() && connection.getServer() === left) await reconnect(connection);
}

async function reconnect(connection: NatsConnection): Promise<void> {
  const changes = connection.status();
  await connection.reconnect();
  for await (const { type } of changes) if (type === 'reconnect') return;
}
