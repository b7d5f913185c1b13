// The configurations of the brokers that test/support/nats-cluster.ts starts: what deploy/nats ships, with the ports and
// the folder of the test.

import { PASSWORDS, SHIPPED } from './shipped-broker.ts';

/** Where one broker of a test listens, and how it reaches the others. */
export interface BrokerPlace {
  /** From 1 on, as in `ingest-1`. */
  readonly number: number;
  readonly port: number;
  readonly wsPort: number;
  readonly monitorPort: number;
  readonly routePort: number;
  /** Ports at which this broker reaches the routes of the others. */
  readonly routes: readonly number[];
  readonly storeFolder: string;
}

/** Passwords of the users `aggregator`, `monitor` and `system`, in the broker's environment. */
export const BROKER_PASSWORDS = PASSWORDS;

/** The text of a configuration. `knowsSyncInterval`: false for a nats-server older than 2.10. */
export function brokerConfig(place: BrokerPlace, knowsSyncInterval: boolean): string {
  const name = `truebit-${place.number}`;
  const text = SHIPPED.replace('"truebit-federation"', `"${name}"\nserver_tags: ["ingest-${place.number}"]`)
    .replace('host: "0.0.0.0"\nport: 4222', `host: "127.0.0.1"\nport: ${place.port}`)
    .replace('"127.0.0.1:8222"', `"127.0.0.1:${place.monitorPort}"`)
    .replace('"/data"', JSON.stringify(place.storeFolder))
    .replace('host: "0.0.0.0"\n  port: 9086', `host: "127.0.0.1"\n  port: ${place.wsPort}`)
    .replaceAll(/: "ingest\.([a-z])/g, `: "ingest.${place.number}.$1`)
    .replaceAll('"ingest.', '"ingest.*.')
    .replaceAll(`: "ingest.*.${place.number}.`, `: "ingest.${place.number}.`);
  const synced = knowsSyncInterval ? text : text.replace(/^ *sync_interval.*$/m, '');
  return `${synced}\nlame_duck_grace_period: "1s"\nlame_duck_duration: "30s"\n${clusterBlock(place)}`;
}

/**
 * A broker must reach the others at the named ports only, which a test can cut; it is not found at the advertised address.
 */
function clusterBlock({ routePort, routes }: BrokerPlace): string {
  if (routes.length === 0) return '';
  const urls = routes.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ');
  return `cluster {
  name: "truebit"
  host: "127.0.0.1"
  port: ${routePort}
  advertise: "127.0.0.1:1"
  routes: [ ${urls} ]
}
`;
}
