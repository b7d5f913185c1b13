// The configuration of one of the three brokers of `cluster up`: that of the embedded broker, with the routes to the others
// and with a number in the mapped inputs. deploy/nats/cluster has the same for brokers on machines of their own. Pure.

import {
  type BrokerRights,
  configurationText,
  type ConfigurationValues,
  quoted,
} from '../../io/embedded-broker/configuration.ts';
import { FEDERATION_RIGHTS } from '../broker/subjects.ts';

/** What one broker of a cluster needs beside the values of every broker. */
export interface ClusterBrokerValues extends Omit<ConfigurationValues, 'serverName'> {
  /** 1, 2 or 3. */
  readonly number: number;
  readonly routePassword: string;
  /** The ports at which the three listen for each other, in the order of their numbers. */
  readonly routePorts: readonly number[];
}

/** The user with which the brokers log in to each other. */
const ROUTE_USER = 'route';

/** The name of a broker in its cluster. */
export function brokerName(number: number): string {
  return `truebit-${number}`;
}

/** Makes the text of the whole file. */
export function clusterBrokerText(values: ClusterBrokerValues): string {
  const { number, host, routePassword, routePorts } = values;
  const routes = routePorts.map((port) =>
    quoted(`nats-route://${ROUTE_USER}:${routePassword}@${host}:${port}`),
  );
  return `${configurationText({ ...values, serverName: brokerName(number) }, rightsAt(number))}${[
    `server_tags: ["ingest-${number}"]`,
    'cluster {',
    '  name: "truebit"',
    `  host: ${quoted(host)}`,
    `  port: ${routePorts[number - 1]}`,
    `  authorization { user: ${quoted(ROUTE_USER)}, password: ${quoted(routePassword)}, timeout: 30 }`,
    // The same list for all three: a broker does not connect to itself.
    `  routes: [${routes.join(', ')}]`,
    '}',
  ].join('\n')}\n`;
}

/** The rights at one broker: its monitors' inputs go to its own stream, and nats-server checks the rights on both names. */
function rightsAt(number: number): BrokerRights {
  const numbered = (subject: string) => subject.replace(/^ingest\./, `ingest.${number}.`);
  const { mappings, monitor } = FEDERATION_RIGHTS;
  return {
    ...FEDERATION_RIGHTS,
    mappings: mappings.map(([from, to]) => [from, numbered(to)] as const),
    monitor: { ...monitor, publish: monitor.publish.map(numbered) },
  };
}
