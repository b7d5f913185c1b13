// What a client needs to know to use the broker that was found or started. Pure; its `describes` never holds a secret.

import { AGGREGATOR_INBOX_PREFIX, AGGREGATOR_USER } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { reachableHost } from './probe.ts';
import { formatVersion, type Version } from './version.ts';

/** Where to connect and as whom. */
export interface BrokerEndpoint {
  readonly url: string;
  /** For monitors that speak WebSocket; null without such a listener. */
  readonly wsUrl: string | null;
  readonly user?: string;
  readonly password?: string;
  readonly inboxPrefix?: string;
  /** Started or taken over by us, and stopped by us. */
  readonly owned: boolean;
  /** Left over from an earlier run of the program, and taken over. */
  readonly adopted: boolean;
  /** One phrase for the start-up print. */
  readonly describes: string;
}

/** A NATS server that was there already; how to log in is the settings' matter. */
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
    describes: `NATS server ${name} (${version}) found at ${host}:${port}, not ours`,
  };
}

/** Our own broker. */
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
    describes: `our own nats-server ${formatVersion(own.version)} (${own.credentials.serverName}, process ${own.pid}, ${how})`,
  };
}
