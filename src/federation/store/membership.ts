// The cluster to which a database belongs, as the database stores it. A process opens a database only as the partition
// whose rows are in it.

import type { Membership } from '../domain/cluster.ts';
import type { OperatorRequest } from '../domain/operator-request.ts';
import { CodedError } from '../../lib/errors.ts';
import { openReader } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { StoredValues } from '../../store/stored-values.ts';

const MEMBERSHIP = 'cluster';

/** The place of a process, as its settings have it. */
export type Place = Pick<Membership, 'name' | 'partitions' | 'partition'>;

/** The stored membership; null if the database belongs to no cluster. */
export function readMembership(stored: StoredValues): Membership | null {
  const text = stored.text(MEMBERSHIP);
  return text === null ? null : (JSON.parse(text) as Membership);
}

/** Stores the membership with the next commit. */
export function storeMembership(stored: StoredValues, membership: Membership): void {
  stored.set(MEMBERSHIP, JSON.stringify(membership));
}

/**
 * Checks that the database at `path` may be opened by a process with this place, null without a cluster. Only reads the
 * file. A file that cannot be read this way passes: to open it for writing tells why. Errors: `cluster_mismatch`.
 */
export function checkMembership(path: string, place: Place | null): void {
  const membership = membershipIn(path);
  if (membership === null) return;
  const { name, partition, partitions } = membership;
  const whose = `The database ${path} belongs to partition ${partition} of ${partitions} of the cluster ${name}`;
  if (place === null) {
    throw new CodedError(
      'cluster_mismatch',
      `${whose}, and CLUSTER is not set: set CLUSTER=${name}, PARTITIONS=${partitions} and PARTITION=${partition}, or set DB_PATH to another file.`,
    );
  }
  if (place.name === name && place.partition === partition && place.partitions === partitions) return;
  throw new CodedError(
    'cluster_mismatch',
    `${whose}, and this process is to be partition ${place.partition} of ${place.partitions} of ${place.name}: correct CLUSTER, PARTITIONS and PARTITION, or set DB_PATH to another file.`,
  );
}

function membershipIn(path: string): Membership | null {
  let text: unknown;
  try {
    const database = openReader(path);
    try {
      const select = statement<[string], { value: unknown }>(
        database,
        'SELECT value FROM settings_kept WHERE name = ?',
      );
      text = select.get(MEMBERSHIP)?.value;
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
  return typeof text === 'string' ? (JSON.parse(text) as Membership) : null;
}

/** True if the request changes what later messages count, so that in a cluster every replica must apply it. */
export function isForAllReplicas({ type }: OperatorRequest): boolean {
  return FOR_ALL.has(type);
}

const FOR_ALL: ReadonlySet<OperatorRequest['type']> = new Set([
  'createKey',
  'revokeKey',
  'forgetNode',
  'blockNode',
  'unblockNode',
]);

/** The refusal of such a request while the program does not run, or by one replica alone. Always throws. */
export function refuseAlone({ name }: Membership): never {
  throw new CodedError(
    'cluster_mismatch',
    `The database belongs to the cluster ${name}, and all its replicas must apply this change: start the aggregator and give the command again. It goes to all replicas through the brokers.`,
  );
}
