// The nats-server on which this file's tests run, for tests whose expectation depends on its version, and the ones of today
// beside it. vitest.config.ts runs the tests of the broker on two of them. It starts no server.

import { execFileSync } from 'node:child_process';
import { newestBinary } from '../../src/io/embedded-broker/find-binary.ts';
import { isAtLeast, parseVersion, type Version } from '../../src/io/embedded-broker/version.ts';

/** nats-server 2.15 and 2.12 (scripts/test-brokers.sh); undefined where neither Go nor the program is at hand. */
export const CURRENT_BROKER = process.env['NATS_SERVER_CURRENT_BIN'] || undefined;
export const BROKER_2_12 = process.env['NATS_SERVER_2_12_BIN'] || undefined;

/** The version of a nats-server, as it tells it. Throws if the program tells none. */
export function versionOf(binary: string): Version {
  const version = parseVersion(execFileSync(binary, ['--version'], { encoding: 'utf8' }));
  if (version === null) throw new Error(`${binary} is not a nats-server`);
  return version;
}

const override = process.env['NATS_SERVER_BIN'];
const { version } = await newestBinary({ override, searchPath: process.env['PATH'] ?? '' });

/** True if the nats-server that this file's tests start is this version or newer. */
export function brokerIsAtLeast(least: Version): boolean {
  return isAtLeast(version, least);
}
