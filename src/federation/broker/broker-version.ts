// Which nats-servers a cluster accepts. Pure: it connects to none.

/** The oldest nats-server on which the tests of a cluster's failures pass (docs/cluster.md). */
export const CLUSTER_BROKER_OLDEST = '2.12.0';

/** True if a nats-server of this version may serve a cluster. An unreadable version may not. */
export function servesCluster(version: string): boolean {
  const numbers = numbersOf(version);
  if (numbers === null) return false;
  const oldest = numbersOf(CLUSTER_BROKER_OLDEST) ?? [];
  const differing = oldest.findIndex((number, index) => number !== numbers[index]);
  return differing === -1 || (numbers[differing] ?? 0) > (oldest[differing] ?? 0);
}

/** Major, minor and patch number; a suffix such as `-RC.1` counts as the version before which it stands. */
function numbersOf(version: string): readonly number[] | null {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version);
  return match === null ? null : match.slice(1).map(Number);
}

/** The sentence that refuses such a server. */
export function tooOldSentence(server: string, version: string): string {
  return (
    `The nats-server ${server} has the version ${version}, and a cluster needs ${CLUSTER_BROKER_OLDEST} or newer, ` +
    'because older ones lose messages that they confirmed: upgrade it, or set CLUSTER_UNSAFE_BROKER=on for a trial.'
  );
}
