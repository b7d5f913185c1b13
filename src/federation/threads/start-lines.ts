// The lines with which the log begins once the program runs: where everything is.

import type { Settings } from '../config/settings.ts';
import type { BrokerEndpoint } from '../../io/embedded-broker/broker.ts';
import type { Log } from '../../io/log.ts';

/** What the lines name. */
export interface StartPlaces {
  readonly httpUrl: string;
  /** Addresses of the broker, without credentials. */
  readonly servers: readonly string[];
  /** Null for a broker that the program did not start. */
  readonly endpoint: BrokerEndpoint | null;
}

/** Logs the lines. */
export function tellStart(
  log: Pick<Log, 'info'>,
  { databasePath, databaseLink }: Pick<Settings, 'databasePath' | 'databaseLink'>,
  { httpUrl, servers, endpoint }: StartPlaces,
): void {
  log.info(`broker: ${servers.join(', ')}${endpoint === null ? '' : `, ${endpoint.describes}`}`);
  if (endpoint?.wsUrl != null) log.info(`broker for monitors: ${endpoint.wsUrl} (WebSocket)`);
  log.info(
    `database: ${databasePath}${databaseLink === undefined ? '' : ` (DB_PATH ${databaseLink} leads there)`}`,
  );
  log.info(`dashboard: ${httpUrl} (statistics, /metrics, /readyz)`);
}
