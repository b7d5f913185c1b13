// Finds the config of the cluster in its record, or makes it, and refuses a process that does not fit it.

import { randomUUID } from 'node:crypto';
import { RecordConflict, type RecordStream } from '../../io/record-stream.ts';
import { CodedError } from '../../lib/errors.ts';
import { CLUSTER_SUBJECTS, type ClusterConfig } from '../domain/cluster.ts';
import { type Candidate, configOf, decodeClusterConfig, disagreement } from '../domain/cluster-config.ts';

/**
 * Returns the cluster's config. If there is none, `known` is written, or one made of what the process brings. Errors:
 * `cluster_mismatch` if the process does not fit the config; others if the broker does not answer.
 */
export async function settleConfig(
  records: RecordStream,
  candidate: Candidate,
  known: ClusterConfig | null,
): Promise<ClusterConfig> {
  const config = (await readConfig(records)) ?? (await makeConfig(records, candidate, known));
  const wrong = disagreement(config, candidate);
  if (wrong !== null) throw new CodedError('cluster_mismatch', wrong);
  return config;
}

/** The config in the record; null if there is none. Errors: `cluster_mismatch` if it cannot be read. */
async function readConfig(records: RecordStream): Promise<ClusterConfig | null> {
  const record = await records.read(CLUSTER_SUBJECTS.config);
  if (record === null) return null;
  const config = decodeClusterConfig(record.text);
  if (config !== null) return config;
  throw new CodedError(
    'cluster_mismatch',
    `The record ${CLUSTER_SUBJECTS.config} is no config that this version can read: start the version that the other processes have.`,
  );
}

async function makeConfig(
  records: RecordStream,
  candidate: Candidate,
  known: ClusterConfig | null,
): Promise<ClusterConfig> {
  const config = known ?? configOf(candidate, randomUUID());
  try {
    await records.write(CLUSTER_SUBJECTS.config, JSON.stringify(config), 0);
    return config;
  } catch (error) {
    if (!(error instanceof RecordConflict)) throw error;
    // Another process made it at the same moment.
    const made = await readConfig(records);
    if (made === null) throw error;
    return made;
  }
}
