// A route at which a request becomes a WebSocket. A request for it without an upgrade gets 426; at all other addresses
// the server ignores that a client offers an upgrade. What is said on the connection is decided elsewhere.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { refuseUpgrade } from '../io/upgrade-refusals.ts';
import { refuseWith } from './answers.ts';
import type { Schema } from './schema.ts';

/** The code of the answer to a request without an upgrade; a program with such a route lists it. */
export const UPGRADE_ERRORS = { upgrade_required: 426 } as const;

/** What the route needs from its program. */
export interface UpgradeRouteParts {
  readonly path: string;
  readonly summary: string;
  readonly errorSchema: Schema;
  /** Takes over the connection of a request for this path; it answers in every case. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): void;
}

/** Adds the route. */
export function addUpgradeRoute(app: FastifyInstance, parts: UpgradeRouteParts): void {
  app.upgradePaths.add(parts.path);
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Before Node 24.9 every upgrade arrives here, whatever its path.
    if (request.url?.split('?', 1)[0] === parts.path) parts.take(request, socket, head);
    else refuseUpgrade('404 Not Found', socket);
  });
  const schema = { summary: parts.summary, response: { 426: parts.errorSchema } };
  app.get(parts.path, { schema }, (_request, reply) =>
    refuseWith(
      reply.headers({ upgrade: 'websocket', connection: 'upgrade' }),
      UPGRADE_ERRORS.upgrade_required,
      'upgrade_required',
      'this address takes only WebSocket connections',
    ),
  );
}
