// The steps by which a process joins its cluster: the broker's version, the streams, the config, the database, and whether
// the replica may read its log. They are repeated until all are done; a step that refuses ends the process.

import type { NatsConnection } from '../../io/nats.ts';
import { findLedStream } from '../../io/streams.ts';
import type { WantedStream } from '../../io/stream-settings.ts';
import { CodedError } from '../../lib/errors.ts';
import { servesCluster, tooOldSentence } from '../broker/broker-version.ts';
import { isInCluster, type KeptClusterStreams, keepClusterStreams } from '../broker/cluster-streams.ts';
import { type ClusterConfig, logStream, type Membership } from '../domain/cluster.ts';
import { type Candidate, hasIdentityOf, membershipOf } from '../domain/cluster-config.ts';
import { settleConfig } from './config.ts';
import type { Reached } from './reach.ts';
import { readRecordedPlaces } from './recorded-places.ts';
import { seedReason } from './seed-rule.ts';

/** What the steps need. */
export interface JoiningParts {
  readonly wanted: readonly WantedStream[];
  readonly acceptsUnsafeBroker: boolean;
  /** What this process brings. */
  candidate(): Candidate;
  /** What this replica has applied of its log; 0 if nothing. */
  progress(): number;
  /** Has the database belong to the cluster, with its identity; resolves when that is on disk. */
  join(membership: Membership, config: ClusterConfig): Promise<void>;
}

/** What a process knows once it has joined. */
export interface Joined {
  readonly config: ClusterConfig;
  readonly streams: KeptClusterStreams;
}

/**
 * Makes one attempt. Errors: `cluster_broker_old`, `cluster_mismatch` and `cluster_seed_needed`, after which no attempt
 * succeeds; others if the broker does not answer.
 */
export async function tryToJoin(reached: Reached, parts: JoiningParts): Promise<Joined> {
  const { connection, manager, records } = reached;
  const tooOld = tooOldServer(connection, parts.acceptsUnsafeBroker);
  if (tooOld !== null) throw new CodedError('cluster_broker_old', tooOld);
  const streams = await keepClusterStreams(manager, parts.wanted, isInCluster(connection));
  const candidate = parts.candidate();
  const config = await settleConfig(records, candidate, null);
  await refuseUnseeded(reached, config, parts);
  if (candidate.membership === null || !hasIdentityOf(config, candidate))
    await parts.join(membershipOf(config, candidate.partition), config);
  return { config, streams };
}

/** The sentence that refuses the connected server; null if it may serve a cluster. */
export function tooOldServer(connection: NatsConnection, acceptsUnsafeBroker: boolean): string | null {
  const { server_name: name = 'of this connection', version = 'unknown' } = connection.info ?? {};
  return acceptsUnsafeBroker || servesCluster(version) ? null : tooOldSentence(name, version);
}

async function refuseUnseeded(
  { manager, records }: Reached,
  config: ClusterConfig,
  parts: JoiningParts,
): Promise<void> {
  const candidate = parts.candidate();
  const { partition } = candidate;
  // A database with counts of its own is the first one, or a copy of it: any other would differ from it for ever.
  const isForeign = candidate.hasRows && candidate.membership === null && !hasIdentityOf(config, candidate);
  if (isForeign)
    throw seedNeeded(
      'its database holds counts that do not come from the cluster, and would differ for ever',
    );
  const log = await findLedStream(manager, logStream(partition));
  const places = await readRecordedPlaces(manager, records, partition);
  const reason = seedReason({
    progress: parts.progress(),
    hasRows: candidate.hasRows,
    continues: config.continues === true,
    log: { firstSeq: log?.state.first_seq ?? 0, lastSeq: log?.state.last_seq ?? 0 },
    others: places.map(({ place: { position } }) => position),
  });
  if (reason !== null) throw seedNeeded(reason);
}

function seedNeeded(reason: string): CodedError {
  return new CodedError(
    'cluster_seed_needed',
    `This replica must begin as a copy of another one: ${reason}. Run: npm run cluster -- seed`,
  );
}
