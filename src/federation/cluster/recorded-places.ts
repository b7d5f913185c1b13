// What the replicas of a partition last said about themselves, in their records: they remain when a replica has ended.

import type { RecordStream } from '../../io/record-stream.ts';
import type { JetStreamManager } from '../../io/streams.ts';
import { CLUSTER_STREAM, CLUSTER_SUBJECTS, type Place } from '../domain/cluster.ts';
import { decodePlace } from '../domain/place.ts';
import type { Reached } from './reach.ts';

/** Maximum number of records that are read. */
const RECORDED_PLACES_MAX = 64;

/** A place as it stands in its record. */
export interface RecordedPlace {
  readonly place: Place;
  /** When the replica said it: the broker's time, ms since the epoch. */
  readonly atMs: number;
}

/** Reads the records of a partition's replicas. Throws if the broker does not answer. */
export async function readRecordedPlaces(
  manager: JetStreamManager,
  records: RecordStream,
  partition: number,
): Promise<readonly RecordedPlace[]> {
  const { state } = await manager.streams.info(CLUSTER_STREAM, {
    subjects_filter: CLUSTER_SUBJECTS.places(partition),
  });
  const subjects = Object.keys(state.subjects ?? {}).slice(0, RECORDED_PLACES_MAX);
  const stored = await Promise.all(subjects.map((subject) => records.read(subject)));
  return stored.flatMap((record): RecordedPlace[] => {
    const place = record === null ? null : decodePlace(Buffer.from(record.text));
    return record === null || place === null ? [] : [{ place, atMs: record.atMs }];
  });
}

/** Names of the replicas whose record is younger than `sinceMs`, and that are not among those heard. */
export async function absentReplicas(
  { manager, records }: Pick<Reached, 'manager' | 'records'>,
  partition: number,
  heard: readonly string[],
  sinceMs: number,
): Promise<readonly string[]> {
  const recorded = await readRecordedPlaces(manager, records, partition);
  return recorded
    .filter(({ place, atMs }) => atMs > sinceMs && !heard.includes(place.replica))
    .map(({ place }) => place.replica);
}
