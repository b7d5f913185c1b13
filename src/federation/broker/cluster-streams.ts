// The streams of a cluster as they must be, and keeping them so. Any process makes a stream that is missing, at the start
// and under way. This file reads and writes no message.

import {
  findStream,
  isRefusal,
  type JetStreamManager,
  type KeptStream,
  keepStream,
  type RefusedDifference,
} from '../../io/streams.ts';
import type { NatsConnection } from '../../io/nats.ts';
import type { WantedStream } from '../../io/stream-settings.ts';
import {
  CLUSTER_STREAM,
  CLUSTER_SUBJECTS,
  CONTROL_STREAM,
  logStream,
  STATS_STREAM,
} from '../domain/cluster.ts';
import { ROUND_BYTES_MAX } from '../domain/round.ts';

/** What the settings say about the streams of a cluster. */
export interface ClusterStreamSizes {
  /** How long a log keeps rounds, in ms. */
  readonly logMaxAgeMs: number;
  /** Bytes that a log, or an input stream, keeps. */
  readonly maxBytes: number;
}

/** Servers that keep a stream of the cluster, if there are as many. */
const REPLICAS = 3;
/** Room in a message beside its content, for headers. */
const HEADER_BYTES = 1_024;
/** Bytes of the stream of records: there are some tens of records of some hundred bytes. */
const RECORDS_BYTES = 16_777_216;
/** Bytes of the stream of commands: room for some 200,000. */
const CONTROL_BYTES = 67_108_864;
/** Bytes of the stream of published statistics. */
const STATS_BYTES = 1_073_741_824;
/** Published statistics that are kept of each subject: two days of a tick a minute. */
const STATS_PER_SUBJECT = 3_000;
/** How long an input stream keeps messages, in ms. */
const INPUT_MAX_AGE_MS = 3_600_000;
/** Input streams are made for servers with tags up to `ingest-16`. */
const INPUT_SERVERS_MAX = 16;

/** No message of the program has an id, so the broker's own memory of ids may be short. */
const WITHOUT_IDS = { duplicateWindowMs: 100, acknowledges: true, replicas: REPLICAS } as const;

/** The streams that every process of a cluster uses, the stream of records first. */
export function wantedClusterStreams(
  partitions: number,
  { logMaxAgeMs, maxBytes }: ClusterStreamSizes,
): readonly WantedStream[] {
  return [
    {
      ...WITHOUT_IDS,
      name: CLUSTER_STREAM,
      subjects: ['tbcluster.>'],
      maxAgeMs: 0,
      maxBytes: RECORDS_BYTES,
      messagesPerSubject: 1,
    },
    {
      ...WITHOUT_IDS,
      name: CONTROL_STREAM,
      subjects: [CLUSTER_SUBJECTS.allControl],
      maxAgeMs: 0,
      maxBytes: CONTROL_BYTES,
      deniesPurge: true,
    },
    {
      ...WITHOUT_IDS,
      name: STATS_STREAM,
      subjects: [CLUSTER_SUBJECTS.allStats],
      maxAgeMs: 0,
      maxBytes: STATS_BYTES,
      messagesPerSubject: STATS_PER_SUBJECT,
      republish: { src: CLUSTER_SUBJECTS.allStats, dest: CLUSTER_SUBJECTS.statsRepublished },
    },
    ...Array.from({ length: partitions }, (_none, partition) => ({
      ...WITHOUT_IDS,
      name: logStream(partition),
      subjects: [CLUSTER_SUBJECTS.allRounds(partition)],
      maxAgeMs: logMaxAgeMs,
      maxBytes,
      messageBytes: ROUND_BYTES_MAX + HEADER_BYTES,
    })),
  ];
}

/**
 * The input stream of the server with the tag `ingest-<number>`. Its one copy lies where its monitors are connected: a
 * replicated one would store nothing during each election, and monitors do not notice that.
 */
export function wantedInputStream(number: number, maxBytes: number): WantedStream {
  return {
    name: `TRUEBIT_INGEST_${number}`,
    subjects: [`ingest.${number}.>`],
    maxAgeMs: INPUT_MAX_AGE_MS,
    maxBytes,
    duplicateWindowMs: 100,
    acknowledges: false,
    replicas: 1,
    serverTags: [`ingest-${number}`],
  };
}

/** Streams after an attempt to keep them. */
export interface KeptClusterStreams {
  /** Names of those that were made just now. */
  readonly made: readonly string[];
  /** What the broker refused, in sentences; empty if all streams are as they must be. */
  readonly faults: readonly string[];
  /** The streams that are kept by fewer servers than in a cluster of three. */
  readonly unreplicated: readonly string[];
}

/** True if the connected server belongs to a cluster of servers, however many of them are there. */
export function isInCluster(connection: NatsConnection): boolean {
  return (connection.info?.cluster ?? '') !== '';
}

/**
 * Makes the streams that are missing, and changes those that differ. `inCluster`: see {@link isInCluster}; a server on its
 * own may accept a number of replicas that it cannot keep. Throws if the broker does not answer or refuses to make one.
 */
export async function keepClusterStreams(
  manager: JetStreamManager,
  wanted: readonly WantedStream[],
  inCluster: boolean,
): Promise<KeptClusterStreams> {
  const made: string[] = [];
  const faults: string[] = [];
  const unreplicated: string[] = [];
  for (const stream of wanted) {
    const { kept, isNew } = await keepOne(manager, inCluster ? stream : { ...stream, replicas: 1 });
    if (isNew) made.push(stream.name);
    if ((stream.replicas ?? 1) > kept.info.config.num_replicas) unreplicated.push(stream.name);
    const wrong = kept.refused.filter(({ field }) => field !== 'num_replicas');
    if (wrong.length > 0) faults.push(faultOf(stream.name, wrong));
  }
  return { made, faults, unreplicated };
}

/** Another process may make the stream at the same moment, with other sizes. */
async function keepOne(
  manager: JetStreamManager,
  stream: WantedStream,
): Promise<{ readonly kept: KeptStream; readonly isNew: boolean }> {
  const existing = await findStream(manager, stream.name);
  try {
    return { kept: await keepStream(manager, stream, existing), isNew: existing === null };
  } catch (error) {
    if (existing !== null || !isRefusal(error)) throw error;
    const other = await findStream(manager, stream.name);
    if (other === null) throw error;
    return { kept: await keepStream(manager, stream, other), isNew: false };
  }
}

function faultOf(name: string, wrong: readonly RefusedDifference[]): string {
  const fields = wrong.map(
    ({ field, have, want, reason }) =>
      `${field} is ${have}, should be ${want}${reason === null ? '' : ` (${reason})`}`,
  );
  return `The broker does not change the stream ${name}: ${fields.join('; ')}.`;
}

/**
 * Makes the input streams of all servers that have a tag `ingest-<number>` and no stream yet, counted from 1 up to the
 * first number without a server. `existing`: the names of the streams that there are, those of servers that are away
 * among them. A server on its own ignores tags, and gets one stream. Returns the names of those that were made.
 */
export async function makeInputStreams(
  manager: JetStreamManager,
  existing: readonly string[],
  maxBytes: number,
  inCluster: boolean,
): Promise<readonly string[]> {
  const made: string[] = [];
  for (let number = 1; number <= (inCluster ? INPUT_SERVERS_MAX : 1); number += 1) {
    const wanted = wantedInputStream(number, maxBytes);
    // Nothing is asked about a stream that exists: while its only server is away the broker does not answer.
    if (existing.includes(wanted.name)) continue;
    try {
      await keepStream(manager, wanted, null);
      made.push(wanted.name);
    } catch (error) {
      // No server has the tag.
      if (isRefusal(error)) break;
      throw error;
    }
  }
  return made;
}
