// The config of a cluster as it stands in its record, and whether a process fits it. Pure: it reads and writes no record.

import { isObject } from '../../lib/is-object.ts';
import type { ClusterConfig, Membership } from './cluster.ts';
import type { Identity } from './identity.ts';

/** What a process brings to a cluster: its settings, and what its database says. */
export interface Candidate {
  /** The setting CLUSTER. */
  readonly name: string;
  readonly partitions: number;
  readonly partition: number;
  /** The setting AGGREGATOR_ID; null if unset. */
  readonly givenAggregatorId: string | null;
  /** The setting FEDERATION_SALT; null if unset. */
  readonly givenSalt: string | null;
  /** The cluster to which the database belongs; null if to none. */
  readonly membership: Membership | null;
  /** The identity in the database, with the given salt in its place. */
  readonly identity: Identity;
  /** The id in the database, or the given one. */
  readonly aggregatorId: string;
  /** True if the database holds counts. */
  readonly hasRows: boolean;
}

/** The config that a process makes if there is none. `newId`: the id of a cluster that did not exist before. */
export function configOf(candidate: Candidate, newId: string): ClusterConfig {
  const { name, partitions, aggregatorId, identity, membership, hasRows } = candidate;
  return {
    version: 1,
    name,
    // The record may be lost while the databases of the cluster remain.
    id: membership?.id ?? newId,
    partitions,
    routing: 1,
    aggregatorId,
    identity: {
      salt: identity.salt,
      statisticsKey: { x: identity.statisticsKey.x, d: identity.statisticsKey.d },
    },
    ...(hasRows ? { continues: true } : {}),
  };
}

/** Why the process does not fit the config, in a sentence without secrets; null if it fits. */
export function disagreement(config: ClusterConfig, candidate: Candidate): string | null {
  const { name, partitions, givenAggregatorId, givenSalt, membership } = candidate;
  if (config.name !== name)
    return `CLUSTER is "${name}", but the brokers serve the cluster "${config.name}": correct CLUSTER, or give the cluster an account of its own there.`;
  if (config.partitions !== partitions)
    return `PARTITIONS is ${partitions}, but the cluster "${name}" was made with ${config.partitions}: correct PARTITIONS.`;
  if (givenAggregatorId !== null && givenAggregatorId !== config.aggregatorId)
    return `AGGREGATOR_ID is "${givenAggregatorId}", but the cluster "${name}" has "${config.aggregatorId}": unset it, or correct it.`;
  if (givenSalt !== null && givenSalt !== config.identity.salt)
    return `FEDERATION_SALT is not the salt in the config of the cluster "${name}": unset it, or correct it.`;
  if (membership !== null && membership.id !== config.id)
    return `The database belongs to another cluster of the name "${name}" than the brokers serve: set DB_PATH to another file, or NATS_URL to the brokers of its cluster.`;
  return null;
}

/** True if the identity is the one of the cluster. */
export function hasIdentityOf(config: ClusterConfig, { identity, aggregatorId }: Candidate): boolean {
  return (
    aggregatorId === config.aggregatorId &&
    identity.salt === config.identity.salt &&
    identity.statisticsKey.x === config.identity.statisticsKey.x &&
    identity.statisticsKey.d === config.identity.statisticsKey.d
  );
}

/** What the database of a process says once it belongs to the cluster. */
export function membershipOf({ name, id, partitions }: ClusterConfig, partition: number): Membership {
  return { name, id, partitions, partition };
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const SALT = /^[0-9a-f]{64}$/;
const KEY_HALF = /^[A-Za-z0-9_-]{43}$/;
const AGGREGATOR_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Decodes the record; null if it is no config that this version can read. */
export function decodeClusterConfig(text: string): ClusterConfig | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { version, name, id, partitions, routing, aggregatorId, identity, continues } = value;
  if (version !== 1 || routing !== 1 || !isObject(identity)) return null;
  const { salt, statisticsKey } = identity;
  if (!isObject(statisticsKey) || !matches(SALT, salt)) return null;
  const { x, d } = statisticsKey;
  if (!matches(KEY_HALF, x) || !matches(KEY_HALF, d)) return null;
  if (!matches(NAME, name) || !matches(NAME, id) || !matches(AGGREGATOR_ID, aggregatorId)) return null;
  if (typeof partitions !== 'number' || !Number.isSafeInteger(partitions) || partitions < 1) return null;
  return {
    version,
    name,
    id,
    partitions,
    routing,
    aggregatorId,
    identity: { salt, statisticsKey: { x, d } },
    ...(continues === true ? { continues } : {}),
  };
}

function matches(form: RegExp, value: unknown): value is string {
  return typeof value === 'string' && form.test(value);
}
