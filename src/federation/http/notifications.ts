// The routes of the receivers of notifications: who they are and how they fare, and a test message to them. No answer has
// an address. A test needs a key with the permission `admin`, whatever API_AUTH says, because it sends messages to people.

import type { FastifyInstance } from 'fastify';
import { refuse, refuseWith, sendJson, sendTagged } from '../../http/answers.ts';
import { unlessUnchanged } from '../../http/openapi.ts';
import { query, type QueryOf, text } from '../../http/parameter.ts';
import { tagged } from '../../http/shared-answers.ts';
import { adminOf, type BearerParts } from './bearer.ts';
import * as schemas from './schemas.ts';

/** The receivers as people may see them. Counts are since the start. */
export interface NotificationsView {
  readonly receivers: readonly {
    readonly name: string;
    readonly form: string;
    readonly sent: number;
    /** Attempts that failed. */
    readonly failed: number;
    readonly dropped: number;
    readonly waiting: number;
    /** Why it is away; null while it is not. */
    readonly problem: string | null;
    /** When it last took a message; null if it never did. */
    readonly lastSentAt: string | null;
  }[];
}

/** What became of a test message. */
export interface TestAnswer {
  readonly name: string;
  readonly form: string;
  readonly isTaken: boolean;
  /** The status with which it was taken; null if it was not. */
  readonly status: number | null;
  /** Why it was not taken; null if it was. */
  readonly reason: string | null;
  readonly tookMs: number;
}

/** The routes' part of the program. */
export interface NotificationParts extends Pick<BearerParts, 'findKey'> {
  notifications(): NotificationsView;
  /** Posts a test message to the receiver of this name, or to all; empty if there is none. */
  testNotifications(name: string | null): Promise<readonly TestAnswer[]>;
}

const PATH = '/api/federation/notifications';

/** Codes with which a test is refused, each with its status; `docs/errors.md` lists them. */
export const NOTIFICATION_ERRORS = { test_busy: 409 } as const;

const TEST_QUERY = query({
  receiver: {
    ...text(/^[^\p{C}]{1,64}$/u, 'bad_receiver', 'a name of 1 to 64 printable characters'),
    description: 'Name of the receiver; all if absent',
  },
});

/** Adds the routes. */
export function addNotificationRoutes(app: FastifyInstance, parts: NotificationParts): void {
  app.get(
    PATH,
    {
      schema: {
        summary: 'The receivers of notifications: names, forms, counts since the start; never an address',
        response: unlessUnchanged(schemas.NOTIFICATIONS),
      },
    },
    (request, reply) => sendTagged(request, reply, tagged(JSON.stringify(parts.notifications()))),
  );

  // One test at a time: each costs a message to each receiver.
  let isTesting = false;
  app.post<{ Querystring: QueryOf<typeof TEST_QUERY> }>(
    `${PATH}/test`,
    // Without a response schema it is not in the API's description, which is for readers.
    { schema: { querystring: TEST_QUERY } },
    async (request, reply) => {
      const key = adminOf(request.headers.authorization, parts);
      if (key === 'unauthenticated') {
        reply.header('www-authenticate', 'Bearer realm="aggregator"');
        return refuse(reply, key, 'this address needs an API key: Authorization: Bearer …');
      }
      if (key === 'forbidden') return refuse(reply, key, 'this API key does not have the permission admin');
      if (isTesting)
        return refuseWith(reply, NOTIFICATION_ERRORS.test_busy, 'test_busy', 'a test is under way');
      isTesting = true;
      try {
        const receivers = await parts.testNotifications(request.query.receiver ?? null);
        if (receivers.length === 0) return refuse(reply, 'not_found', 'there is no such receiver');
        return sendJson(reply, JSON.stringify({ receivers }));
      } finally {
        isTesting = false;
      }
    },
  );
}
