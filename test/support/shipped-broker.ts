// The broker configurations of deploy/nats, written for a test as an operator would: nothing changed but ports and
// folder, and for Debian's nats-server 2.9.10 the one line that it does not know.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYNC_INTERVAL_SINCE } from '../../src/io/embedded-broker/configuration.ts';
import { brokerIsAtLeast } from './broker-version.ts';
import { freePort } from './free-port.ts';

export const SHIPPED = readFileSync(new URL('../../deploy/nats/nats.conf', import.meta.url), 'utf8');
export const SHIPPED_LEAF = readFileSync(new URL('../../deploy/nats/leaf.conf', import.meta.url), 'utf8');

/** Read by the broker from its environment. */
export const PASSWORDS = {
  NATS_AGGREGATOR_PASSWORD: 'aggregatorSecret',
  NATS_MONITOR_PASSWORD: 'monitorSecret',
  NATS_SYSTEM_PASSWORD: 'systemSecret',
  NATS_SITE_PASSWORD: 'siteSecret',
};

/** What `sed 's/^#leaf//'` makes of the shipped file: the broker that takes leaf nodes. */
export const SHIPPED_WITH_LEAVES = SHIPPED.replace(/^#leaf/gm, '');

/** A configuration on disk, and where its listeners will be. */
export interface ShippedBroker {
  readonly file: string;
  readonly wsPort: number;
  readonly leafPort: number;
}

/** Writes the broker's file into a folder of the test. */
export async function writeBroker(folder: string, shipped: string): Promise<ShippedBroker> {
  const [file, wsPort, leafPort] = [join(folder, 'nats.conf'), await freePort(), await freePort()];
  const text = shipped
    .replace('"/data"', JSON.stringify(join(folder, 'jetstream')))
    .replace('port: 9086', `port: ${wsPort}`)
    .replace('port: 7422', `port: ${leafPort}`)
    .replace('127.0.0.1:8222', `127.0.0.1:${await freePort()}`);
  const isKnown = brokerIsAtLeast(SYNC_INTERVAL_SINCE);
  writeFileSync(file, isKnown ? text : text.replace(/^ *sync_interval.*$/m, ''));
  return { file, wsPort, leafPort };
}

/** Writes a site's file into a folder of the test: under this name, with the site's password. */
export function writeLeaf(folder: string, leafPort: number, name = 'truebit-leaf'): string {
  const file = join(folder, `${name}.conf`);
  const address = `site:${PASSWORDS.NATS_SITE_PASSWORD}@127.0.0.1:${leafPort}`;
  writeFileSync(
    file,
    SHIPPED_LEAF.replace('site:PASSWORD@broker.example:7422', address).replace('truebit-leaf', name),
  );
  return file;
}
