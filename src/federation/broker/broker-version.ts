// Which nats-servers a cluster accepts. Pure: it connects to none.

import { formatVersion, isAtLeast, parseVersion, type Version } from '../../io/embedded-broker/version.ts';

/** The oldest nats-server on which the tests of a cluster's failures pass (docs/cluster.md). */
const OLDEST: Version = [2, 12, 0];
/** {@link OLDEST} as text. */
export const CLUSTER_BROKER_OLDEST = formatVersion(OLDEST);

/**
 * True if a nats-server of this version may serve a cluster. An unreadable version may not; a suffix such as `-RC.1` counts
 * as the version before which it stands.
 */
export function servesCluster(version: string): boolean {
  const found = parseVersion(version);
  return found !== null && isAtLeast(found, OLDEST);
}

/** The sentence that refuses such a server. */
export function tooOldSentence(server: string, version: string): string {
  return (
    `The nats-server ${server} has the version ${version}, and a cluster needs ${CLUSTER_BROKER_OLDEST} or newer, ` +
    'because older ones lose messages that they confirmed: upgrade it, or set CLUSTER_UNSAFE_BROKER=on for a trial.'
  );
}
