// What a client needs to know to use the broker that the program found or started. Pure; `describes` never holds a
// secret.

import { AGGREGATOR_INBOX_PREFIX, AGGREGATOR_USER } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { reachableHost } from './probe.ts';
import { formatVersion, type Version } from './version.ts';

/** The address to connect to, and the login. */
export interface BrokerEndpoint {
  readonly url: string;
  /** The address for monitors that use WebSocket; null without such a listener. */
  readonly wsUrl: string | null;
  readonly user?: string;
  readonly password?: string;
  readonly inboxPrefix?: string;
  /** True if the program started the broker or took it over; then the program also stops it. */
  readonly owned: boolean;
  /** True if an earlier run of the program left the broker running and this run took it over. */
  readonly adopted: boolean;
  /** A phrase for the start-up message. */
  readonly describes: string;
}

/** The endpoint of a NATS server that was already running; the settings hold the login. */
export function foreignEndpoint(server: {
  host: string;
  port: number;
  name: string;
  version: string;
}): BrokerEndpoint {
  const { host, port, name, version } = server;
  return {
    url: `nats://${host}:${port}`,
    wsUrl: null,
    owned: false,
    adopted: false,
    describes: `NATS server ${name} (${version}) found at ${host}:${port}, not started by this program`,
  };
}

/** The endpoint of the embedded broker. */
export function ownEndpoint(own: {
  host: string;
  port: number;
  wsPort: number;
  tlsCert?: string | undefined;
  credentials: Credentials;
  version: Version;
  pid: number;
  adopted: boolean;
}): BrokerEndpoint {
  const reachable = reachableHost(own.host);
  const host = reachable.includes(':') ? `[${reachable}]` : reachable;
  const wsUrl =
    own.wsPort === 0 ? null : `${own.tlsCert === undefined ? 'ws' : 'wss'}://${host}:${own.wsPort}`;
  const how = own.adopted ? 'left over from an earlier run, taken over' : 'started';
  return {
    url: `nats://${host}:${own.port}`,
    wsUrl,
    user: AGGREGATOR_USER,
    password: own.credentials.aggregatorPassword,
    inboxPrefix: AGGREGATOR_INBOX_PREFIX,
    owned: true,
    adopted: own.adopted,
    describes: `embedded nats-server ${formatVersion(own.version)} (${own.credentials.serverName}, process ${own.pid}, ${how})`,
  };
}
