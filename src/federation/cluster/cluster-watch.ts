// Looks after what a cluster needs at the brokers while the process runs: it makes streams anew that were deleted, writes
// the config again if its record is lost, and sees which servers and splitters are amiss.

import { leaseHolderOf } from '../../io/lease.ts';
import type { NatsConnection } from '../../io/nats.ts';
import type { RecordStream } from '../../io/record-stream.ts';
import { type JetStreamManager, streamNames } from '../../io/streams.ts';
import type { WantedStream } from '../../io/stream-settings.ts';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { servesCluster, tooOldSentence } from '../broker/broker-version.ts';
import { isInCluster, type KeptClusterStreams, keepClusterStreams } from '../broker/cluster-streams.ts';
import { CLUSTER_SUBJECTS, type ClusterConfig, INPUT_STREAM_PREFIX } from '../domain/cluster.ts';
import type { Candidate } from '../domain/cluster-config.ts';
import type { BrokerSight } from '../domain/cluster-status.ts';
import { GoneStreams } from '../domain/gone-streams.ts';
import { BrokerWatch } from './brokers.ts';
import { settleConfig } from './config.ts';
import { tooOldServer } from './joining.ts';
import type { Reached } from './reach.ts';

/** What a {@link ClusterWatch} needs of its owner. */
export interface ClusterWatchParts {
  readonly wanted: readonly WantedStream[];
  /** The setting INPUT_STREAMS. */
  readonly inputStreams: readonly string[] | null;
  readonly acceptsUnsafeBroker: boolean;
  candidate(): Candidate;
  /** The input streams of which this replica has applied something. */
  known(): readonly string[];
  readonly clock: Clock;
  log(level: 'info' | 'warn', sentence: string): void;
}

/** Number of looks after which everything is looked at anew, also what seems right. */
const WHOLE_EVERY = 12;
/** Input streams that are shown. */
const SHARDS_MAX = 64;

/** The state of the cluster's things at the brokers, renewed by each look. */
export class ClusterWatch {
  readonly #parts: ClusterWatchParts;
  readonly #brokers: BrokerWatch;
  #config: ClusterConfig;
  #streams: KeptClusterStreams;
  #looks = 0;
  #inputs: readonly string[] = [];
  readonly #gone = new GoneStreams();
  #unknownInputs: readonly string[] = [];
  #splitters: ReadonlyMap<string, string | null> = new Map();
  #tooOld: string | null = null;
  #isInCluster = false;
  #problem: string | null = null;

  constructor(config: ClusterConfig, streams: KeptClusterStreams, parts: ClusterWatchParts) {
    this.#config = config;
    this.#streams = streams;
    this.#parts = parts;
    this.#brokers = new BrokerWatch(parts.wanted.map(({ name }) => name));
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  get brokers(): readonly BrokerSight[] {
    return this.#brokers.sights;
  }

  /** The input streams, and who splits each; null if nobody does. */
  get splitters(): ReadonlyMap<string, string | null> {
    return this.#splitters;
  }

  /** Input streams that were removed from the cluster. */
  get gone(): ReadonlySet<string> {
    return this.#gone.names;
  }

  /** Why this process can no longer take part; null if it can. */
  get problem(): string | null {
    return this.#problem ?? this.#tooOld;
  }

  /** What an operator should know, in sentences. */
  get warnings(): readonly string[] {
    const { faults, unreplicated } = this.#streams;
    const old = this.#parts.acceptsUnsafeBroker
      ? []
      : this.brokers.flatMap(({ name, version }) =>
          version === null || servesCluster(version) ? [] : [tooOldSentence(name, version)],
        );
    const away = this.brokers.filter(({ isAway }) => isAway).map(({ name }) => name);
    return [
      ...faults,
      ...(this.#isInCluster && unreplicated.length > 0
        ? [`Fewer than three servers keep ${unreplicated.join(', ')}: start the others.`]
        : []),
      ...(away.length > 0
        ? [`${away.length === 1 ? 'A nats-server is' : 'Nats-servers are'} away: ${away.join(', ')}.`]
        : []),
      ...(this.#unknownInputs.length > 0
        ? [`No broker has the stream ${this.#unknownInputs.join(', ')}: correct INPUT_STREAMS.`]
        : []),
      ...old,
    ];
  }

  /** The process is connected, perhaps to another server than before. */
  connected(connection: NatsConnection): void {
    this.#brokers.connected(connection);
    this.#isInCluster = isInCluster(connection);
    this.#tooOld = tooOldServer(connection, this.#parts.acceptsUnsafeBroker);
  }

  /** Looks, and mends what is missing. Rejects if the broker does not answer. */
  async look({ connection, manager, records }: Reached): Promise<void> {
    const isWhole = this.#looks % WHOLE_EVERY === 0;
    this.#looks += 1;
    await this.#readSplitters(records);
    const missing = await this.#brokers.look(manager);
    // A stream that was made before all servers were there grows as soon as they are.
    const mayGrow = this.#isInCluster && this.#streams.unreplicated.length > 0;
    if (missing.length > 0 || isWhole || mayGrow) {
      this.#streams = await keepClusterStreams(manager, this.#parts.wanted, isInCluster(connection));
      for (const name of this.#streams.made)
        this.#parts.log('warn', `cluster: the stream ${name} was gone; it was made anew`);
    }
    await this.#keepConfig(records);
    if (isWhole) await this.#brokers.askVersions(connection);
    await this.#listInputs(manager);
    if (this.#inputs.length !== this.#splitters.size) await this.#readSplitters(records);
  }

  async #keepConfig(records: RecordStream): Promise<void> {
    try {
      this.#config = await settleConfig(records, this.#parts.candidate(), this.#config);
      this.#problem = null;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#problem = error.message;
    }
  }

  /** All input streams are shown, also those that this process does not split. */
  async #listInputs(manager: JetStreamManager): Promise<void> {
    const { inputStreams, known, clock, log } = this.#parts;
    const there = await streamNames(manager, INPUT_STREAM_PREFIX);
    const wanted = inputStreams ?? [];
    this.#unknownInputs = wanted.filter((name) => !there.includes(name));
    this.#inputs = [...new Set([...wanted, ...there])].slice(0, SHARDS_MAX);
    const before = this.#gone.names;
    this.#gone.see(inputStreams ?? there, known(), clock.monotonicMs());
    for (const name of this.#gone.names)
      if (!before.has(name))
        log('warn', `cluster: the input stream ${name} is gone; statistics no longer wait for it`);
  }

  /** While the records cannot be read, no lease can be renewed, so nobody splits. */
  async #readSplitters(records: RecordStream): Promise<void> {
    const holderOf = async (name: string): Promise<[string, string | null]> => {
      const record = await records.read(CLUSTER_SUBJECTS.splitLease(name));
      return [name, record === null ? null : leaseHolderOf(record.text)];
    };
    try {
      this.#splitters = new Map(await Promise.all(this.#inputs.map(holderOf)));
    } catch (error) {
      this.#splitters = new Map(this.#inputs.map((name) => [name, null]));
      throw error;
    }
  }
}
