// The federation's HTTP server: its routes, its live feed, its page, and the check for API keys.

import { createHttpServer, type HttpParts } from '../../http/server.ts';
import type { FeedCounts } from '../../http/feed.ts';
import type { HttpServer, ListenAddress } from '../../http/bounded-server.ts';
import { addKeySetRoute, type KeySetParts } from '../../http/key-set.ts';
import { addBadgeRoutes } from '../../http/badge.ts';
import { SharedAnswers } from '../../http/shared-answers.ts';
import { federationBadges } from './badges.ts';
import { type BearerParts, mayRead, requireBearer } from './bearer.ts';
import { addClusterBackupRoute, type ClusterBackupParts } from './cluster-backup.ts';
import { addEventRoutes } from './events.ts';
import { addExportRoutes } from './exports.ts';
import { addNotificationRoutes, type NotificationParts } from './notifications.ts';
import { PARAMETER_CODES } from './parameters.ts';
import type { Readiness } from './readiness.ts';
import { addFederationRoutes, type FederationParts } from './routes.ts';
import { ERROR, READYZ } from './schemas.ts';

/** The address to listen at, and who may read. */
export interface FederationHttpOptions extends Pick<ListenAddress, 'host' | 'port'> {
  /** `required`: routes under /api/ and the badges need an API key. */
  readonly apiAuth: 'open' | 'required';
  /** The origins of other sites that may show the page in a frame. */
  readonly embedOrigins: readonly string[];
}

/** What the server needs from its program. */
export interface FederationHttpParts
  extends Pick<HttpParts, 'live' | 'metrics' | 'failed'>,
    FederationParts,
    BearerParts,
    KeySetParts,
    NotificationParts,
    ClusterBackupParts {
  readiness(): Readiness;
}

/** The server, with the counts of its live feed. */
export interface FederationHttpServer extends HttpServer {
  /** Counts of the live feed's readers. */
  feed(): FeedCounts;
}

const API = {
  title: 'Truebit federation aggregator',
  description: 'Network-wide statistics of a federation of Truebit node monitors. The API is read-only.',
  codes: PARAMETER_CODES,
  hasKeys: true,
  anyOrigin: true,
};

/** Makes the server; it does not listen before `start`. */
export function createFederationServer(
  options: FederationHttpOptions,
  parts: FederationHttpParts,
): FederationHttpServer {
  let feed = (): FeedCounts => ({ clients: 0, dropped: 0, refused: 0 });
  const address = { ...options, hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' };
  const server = createHttpServer(address, {
    ...parts,
    api: API,
    readinessSchema: READYZ,
    pageFolder: new URL('page/', import.meta.url),
    embedOrigins: options.embedOrigins,
    hasPublicPage: true,
    addRoutes(app) {
      const isOpen = options.apiAuth === 'open';
      if (!isOpen) requireBearer(app, parts);
      addKeySetRoute(app, parts);
      const shared = new SharedAnswers(parts.monotonicMs);
      addFederationRoutes(app, parts, shared);
      addExportRoutes(app, parts, shared);
      addBadgeRoutes(app, federationBadges(parts), ERROR);
      addNotificationRoutes(app, parts);
      addClusterBackupRoute(app, parts);
      feed = addEventRoutes(app, parts, (header) => isOpen || mayRead(header, parts));
    },
  });
  return { ...server, feed: () => feed() };
}
