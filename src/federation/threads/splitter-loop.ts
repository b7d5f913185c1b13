// The work of the splitter thread: it finds the input streams, makes the streams of the cluster that are missing, and
// splits each input stream whose lease this process holds. It looks into no message.

import { describe, type NatsConnection, type NatsOptions } from '../../io/nats.ts';
import { openRecords, RecordConflict, type RecordStream } from '../../io/record-stream.ts';
import { managerWithin } from '../../io/stream-access.ts';
import { type JetStreamManager, streamNames } from '../../io/streams.ts';
import type { Part } from '../../lib/part.ts';
import { systemClock } from '../../lib/clock.ts';
import { systemTimers, type Timer } from '../../lib/timers.ts';
import {
  type ClusterStreamSizes,
  isInCluster,
  keepClusterStreams,
  makeInputStreams,
  wantedClusterStreams,
} from '../broker/cluster-streams.ts';
import { ClusterConnection } from '../cluster/connection.ts';
import { CLUSTER_STREAM, CLUSTER_SUBJECTS, INPUT_STREAM_PREFIX } from '../domain/cluster.ts';
import { gapRequestOf } from '../domain/gap-request.ts';
import { GoneStreams } from '../domain/gone-streams.ts';
import { brokerSplitter } from '../sources/broker-splitter.ts';
import { ANSWER_WITHIN_MS } from '../sources/input-stream.ts';
import { ShardHolder } from './shard-holder.ts';
import type { SplitterThreadData, SplitterToMain } from './splitter-messages.ts';

/** Time between two looks for input streams, in ms. */
export const LOOK_EVERY_MS = 10_000;
/** A log that does not take rounds is looked for this often, in ms. */
const LOOK_AGAIN_MS = 1_000;
const REPORT_EVERY_MS = 1_000;
/** Input streams that one process can split. */
const SHARDS_MAX = 64;

/** Settings of a {@link SplitterLoop}. */
export interface SplitterLoopOptions {
  readonly nats: NatsOptions;
  /** The name of this process, different from that of every other. */
  readonly holder: string;
  readonly partitions: number;
  /** Null: every stream whose name begins with `TRUEBIT_INGEST_`. */
  readonly inputStreams: readonly string[] | null;
  readonly sizes: ClusterStreamSizes;
}

/** What a {@link SplitterLoop} needs of its thread. */
export interface SplitterLoopParts {
  send(message: Exclude<SplitterToMain, { readonly type: 'stopped' | 'failed' }>): void;
}

/** The splitters of one process. */
export class SplitterLoop implements Part {
  readonly #options: SplitterLoopOptions;
  readonly #parts: SplitterLoopParts;
  readonly #shards = new Map<string, ShardHolder>();
  readonly #stop = new AbortController();
  readonly #timers: Timer[] = [];
  readonly #access: ClusterConnection;
  readonly #gone = new GoneStreams();
  /** The server of which the log last said that this thread is connected to it. */
  #toldServer: string | null = null;
  #records: RecordStream | null = null;
  #isLooking = false;
  /** True once the log says that there are too many input streams. */
  #isFullTold = false;
  #soon: Timer | null = null;
  /** Why the input streams cannot be looked for; null if they can. */
  #problem: string | null = null;

  constructor(options: SplitterLoopOptions, parts: SplitterLoopParts) {
    this.#options = options;
    this.#parts = parts;
    this.#access = new ClusterConnection({
      nats: () => options.nats,
      clock: systemClock,
      timers: systemTimers,
      log: (level, sentence) => this.#log(level, sentence),
    });
  }

  /** Begins to connect, which may take any time, and then to look for input streams. */
  async start(): Promise<void> {
    this.#timers.push(
      systemTimers.every(REPORT_EVERY_MS, () => this.#report()),
      systemTimers.every(LOOK_EVERY_MS, () => void this.#look()),
    );
    this.#access.onConnected((connection) => this.#connected(connection));
    await this.#access.start();
  }

  /** Stops all splitters; their checkpoints are written and their leases given away if the broker answers. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const timer of [...this.#timers, this.#soon]) timer?.cancel();
    await Promise.all([...this.#shards.values()].map((shard) => shard.stop()));
    this.#report();
    await this.#access.stop();
  }

  #connected(connection: NatsConnection): void {
    const server = connection.getServer();
    // While no server answers, the client goes from one to the next and back, every few seconds.
    if (server !== this.#toldServer) this.#log('info', `splitter: connected to ${server}`);
    this.#toldServer = server;
    if (this.#records === null) {
      this.#records = watched(openRecords(connection, CLUSTER_STREAM, ANSWER_WITHIN_MS), () =>
        this.#lookSoon(),
      );
      connection.subscribe(CLUSTER_SUBJECTS.gap('*'), {
        callback: (error, { data }) => {
          if (error === null) this.#asked(data);
        },
      });
    }
    void this.#look();
  }

  #asked(data: Uint8Array): void {
    const request = gapRequestOf(data, this.#options.partitions);
    if (request !== null) this.#shards.get(request.source.stream)?.heal(request);
  }

  #lookSoon(): void {
    if (this.#stop.signal.aborted) return;
    this.#soon ??= systemTimers.after(LOOK_AGAIN_MS, () => {
      this.#soon = null;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const connection = this.#access.connection();
    if (connection === null || this.#isLooking || this.#stop.signal.aborted) return;
    this.#isLooking = true;
    try {
      const manager = await managerWithin(connection, ANSWER_WITHIN_MS);
      // First the streams that there are: they are split also while another one cannot be made.
      const names = await streamNames(manager, INPUT_STREAM_PREFIX);
      const given = this.#options.inputStreams;
      for (const name of given ?? names) this.#hold(name, connection);
      if (given === null) await this.#letGo(names);
      for (const name of await this.#makeMissing(connection, manager, names)) this.#hold(name, connection);
      this.#problem = null;
    } catch (error) {
      this.#say(`the input streams cannot be looked for: ${describe(error)}`);
      this.#lookSoon();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Makes the streams that are missing; returns the names of the input streams among them. */
  async #makeMissing(
    connection: NatsConnection,
    manager: JetStreamManager,
    inputs: readonly string[],
  ): Promise<readonly string[]> {
    const { partitions, inputStreams, sizes } = this.#options;
    const inCluster = isInCluster(connection);
    const { made } = await keepClusterStreams(manager, wantedClusterStreams(partitions, sizes), inCluster);
    const news =
      inputStreams === null ? await makeInputStreams(manager, inputs, sizes.maxBytes, inCluster) : [];
    for (const name of [...made, ...news])
      this.#log('info', `splitter: the stream ${name} was missing and is made`);
    return news;
  }

  /** A stream that is gone keeps its splitter for a while, which says that it is away: it may be made anew. */
  async #letGo(names: readonly string[]): Promise<void> {
    this.#gone.see(names, this.#shards.keys(), systemClock.monotonicMs());
    for (const name of this.#gone.names) {
      const shard = this.#shards.get(name);
      this.#shards.delete(name);
      if (shard !== undefined)
        this.#log('warn', `splitter: the stream ${name} is gone, and is split no more`);
      await shard?.stop();
    }
  }

  #hold(shard: string, connection: NatsConnection): void {
    if (this.#shards.has(shard) || this.#stop.signal.aborted) return;
    if (this.#shards.size >= SHARDS_MAX) {
      if (!this.#isFullTold)
        this.#log(
          'warn',
          `there are more than ${SHARDS_MAX} input streams: this process does not split ${shard}`,
        );
      this.#isFullTold = true;
      return;
    }
    const { holder, partitions, nats } = this.#options;
    const log = (level: 'info' | 'warn', sentence: string) => this.#log(level, sentence);
    const created = new ShardHolder(shard, holder, {
      records: () => (this.#access.connection() === null ? null : this.#records),
      createSplitter: (signal) =>
        brokerSplitter(
          { shard, maker: holder, partitions },
          {
            connection,
            inboxPrefix: nats.inboxPrefix,
            signal,
            refused: () => this.#lookSoon(),
            log,
          },
        ),
      log,
    });
    this.#shards.set(shard, created);
    void created.start();
  }

  #report(): void {
    const shards = [...this.#shards.values()].map(({ status }) => status);
    const problem = this.#access.problem ?? this.#problem;
    this.#parts.send({ type: 'status', status: { problem, shards } });
  }

  /** Logs a problem once until it changes. */
  #say(problem: string): void {
    if (problem !== this.#problem) this.#log('warn', `splitter: ${problem}`);
    this.#problem = problem;
  }

  #log(level: 'info' | 'warn', sentence: string): void {
    this.#parts.send({ type: 'log', level, sentence });
  }
}

/** The same records; `refused` is called when a request fails, as it does if their stream is missing. */
function watched(records: RecordStream, refused: () => void): RecordStream {
  const watch = async <T>(request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      if (!(error instanceof RecordConflict)) refused();
      throw error;
    }
  };
  return {
    read: (subject) => watch(records.read(subject)),
    write: (subject, text, expectedSeq) => watch(records.write(subject, text, expectedSeq)),
  };
}

/** The options of the thread's loop. Throws a `RangeError` if the process belongs to no cluster. */
export function splitterLoopOptions({ settings, nats, holder }: SplitterThreadData): SplitterLoopOptions {
  const { cluster, ingest } = settings;
  if (cluster === null) throw new RangeError('A process without a cluster splits no streams.');
  const { partitions, inputStreams, logMaxAgeMs } = cluster;
  const sizes = { logMaxAgeMs, maxBytes: ingest.streamMaxBytes };
  return { nats, holder, partitions, inputStreams, sizes };
}
