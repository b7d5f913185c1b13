// A broker with an input stream, logs and records, and receivers of the logs that follow the rule of docs/cluster.md: what
// the logs hold must be a function of the stream, whatever splitters did.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from 'nats';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { onTestFinished } from 'vitest';
import type { NatsOptions } from '../../src/io/nats.ts';
import {
  keepClusterStreams,
  wantedClusterStreams,
  wantedInputStream,
} from '../../src/federation/broker/cluster-streams.ts';
import { keepStream } from '../../src/io/streams.ts';
import { CLUSTER_SUBJECTS, logStream, sourceName } from '../../src/federation/domain/cluster.ts';
import { gapRequestOf } from '../../src/federation/domain/gap-request.ts';
import { partitionOf } from '../../src/federation/domain/placement.ts';
import {
  decodeRound,
  entriesOf,
  type RoundEntry,
  type RoundHeader,
} from '../../src/federation/domain/round.ts';
import { brokerSplitter } from '../../src/federation/sources/broker-splitter.ts';
import type { Splitter } from '../../src/federation/sources/splitter.ts';
import { startNatsServer } from './nats-server.ts';
import { until } from './until.ts';

export const SHARD = 'TRUEBIT_INGEST_1';
const SIZES = { logMaxAgeMs: 3_600_000, maxBytes: 256 * 1_048_576 };

/** Options of a connection without a login. */
export function natsOptions(url: string): NatsOptions {
  const none = { user: null, password: null, token: null, credsFile: null };
  return { servers: [url], ...none, caFile: null, certFile: null, keyFile: null, inboxPrefix: null };
}

/** What a receiver of one log has of one source. */
export interface ReceivedSource {
  readonly entries: RoundEntry[];
  upto: number;
  first: number;
}

/** What the receiver of a log has, in the order of the log. */
export interface Received {
  readonly sources: Map<string, ReceivedSource>;
  readonly headers: RoundHeader[];
  /** Rounds that were skipped because something before them was missing. */
  holes: number;
  replayed: number;
}

export interface SplitterRig {
  readonly url: string;
  readonly partitions: number;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  /** A splitter in a process of its own. */
  spawn(maker: string): ChildProcess;
  /** Publishes messages until the splitter of this name has sent a round with some. */
  publishUntilHeard(maker: string): Promise<void>;
  /** A splitter in this process. */
  splitter(maker: string): Splitter;
  makeInput(): Promise<void>;
  makeStreams(): Promise<void>;
  /** Publishes messages of some nodes, and rubbish; returns when the stream has them. */
  publish(count: number): Promise<void>;
  /** Reads a log from its beginning by the rule of receivers. */
  receive(partition: number): Promise<Received>;
  /** All lost entries in a log, as last sequence and number, also in rounds that a receiver skips. */
  lost(partition: number): Promise<readonly (readonly [number, number])[]>;
  /** What the partition must have of the stream, from its first sequence on. */
  expected(partition: number): Promise<readonly RoundEntry[]>;
  /** Waits until every log has everything of the stream. */
  settled(timeoutMs?: number): Promise<void>;
}

/** Starts a broker with everything in it. */
export async function startSplitterRig(partitions: number): Promise<SplitterRig> {
  const storeFolder = mkdtempSync(join(tmpdir(), 'aggregator-splitter-'));
  onTestFinished(() => rmSync(storeFolder, { recursive: true, force: true }));
  const server = await startNatsServer({ storeFolder });
  onTestFinished(() => server.stop());
  const connection = await connect({ servers: server.url });
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  const rig = new Rig(server.url, partitions, connection, manager);
  await rig.makeInput();
  await rig.makeStreams();
  return rig;
}

class Rig implements SplitterRig {
  readonly url: string;
  readonly partitions: number;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  #published = 0;

  constructor(url: string, partitions: number, connection: NatsConnection, manager: JetStreamManager) {
    this.url = url;
    this.partitions = partitions;
    this.connection = connection;
    this.manager = manager;
  }

  spawn(maker: string): ChildProcess {
    const file = fileURLToPath(new URL('./splitter-program.ts', import.meta.url));
    const child = spawn(process.execPath, [file, this.url, SHARD, String(this.partitions), maker], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  async publishUntilHeard(maker: string): Promise<void> {
    const heard = Promise.withResolvers<boolean>();
    const subscription = this.connection.subscribe(CLUSTER_SUBJECTS.allRounds(0), {
      callback: (_error, { data }) => {
        const round = decodeRound(data);
        if (round.type === 'fault' || round.header.maker !== maker || round.header.count === 0) return;
        heard.resolve(true);
      },
    });
    do await this.publish(100);
    while (!(await Promise.race([heard.promise, setTimeout(50, false)])));
    subscription.unsubscribe();
  }

  splitter(maker: string): Splitter {
    const stop = new AbortController();
    const splitter = brokerSplitter(
      { shard: SHARD, maker, partitions: this.partitions },
      {
        connection: this.connection,
        inboxPrefix: null,
        signal: stop.signal,
        refused: () => undefined,
        log: () => undefined,
      },
    );
    const subscription = this.connection.subscribe(CLUSTER_SUBJECTS.gap(SHARD), {
      callback: (_error, { data }) => {
        const request = gapRequestOf(data, this.partitions);
        if (request !== null) splitter.heal(request);
      },
    });
    onTestFinished(() => {
      stop.abort();
      subscription.unsubscribe();
      return splitter.stop();
    });
    return splitter;
  }

  async makeInput(): Promise<void> {
    await keepStream(this.manager, { ...wantedInputStream(1, SIZES.maxBytes), serverTags: [] }, null);
  }

  async makeStreams(): Promise<void> {
    await keepClusterStreams(this.manager, wantedClusterStreams(this.partitions, SIZES), false);
  }

  async publish(count: number): Promise<void> {
    const before = (await this.manager.streams.info(SHARD)).state.last_seq;
    for (let index = 0; index < count; index++) {
      const number = this.#published++;
      this.connection.publish(subjectOf(number), payloadOf(number));
    }
    await this.connection.flush();
    await until('the stream to hold them', async () => {
      const { state } = await this.manager.streams.info(SHARD);
      return state.last_seq >= before + count;
    });
  }

  async receive(partition: number): Promise<Received> {
    const received: Received = { sources: new Map(), headers: [], holes: 0, replayed: 0 };
    for (const { payload } of await this.#read(logStream(partition))) receiveRound(received, payload);
    return received;
  }

  async lost(partition: number): Promise<readonly (readonly [number, number])[]> {
    const entries = (await this.#read(logStream(partition))).flatMap(({ payload }) => {
      const round = decodeRound(payload);
      return round.type === 'fault' ? [] : entriesOf(round);
    });
    return entries.flatMap(({ seq, lost }) => (lost === undefined ? [] : [[seq, lost] as const]));
  }

  async expected(partition: number): Promise<readonly RoundEntry[]> {
    const messages = await this.#read(SHARD);
    return messages
      .filter(({ payload, seq }) => partitionOf(payload, seq, this.partitions) === partition)
      .map(({ payload, seq, atMs, subject }) => {
        const cut = Buffer.from(payload.subarray(0, 16_385));
        return { seq, atMs, subject: INDEXES.get(subject) ?? 6, credential: null, payload: cut };
      });
  }

  async settled(timeoutMs = 30_000): Promise<void> {
    const partitions = Array.from({ length: this.partitions }, (_none, index) => index);
    await until(
      'the logs to hold everything',
      async () => {
        const { state } = await this.manager.streams.info(SHARD);
        const all = await Promise.all(partitions.map((partition) => this.receive(partition)));
        return all.every(({ sources }) => [...sources.values()].at(-1)?.upto === state.last_seq);
      },
      timeoutMs,
    );
  }

  async #read(stream: string) {
    const { state } = await this.manager.streams.info(stream);
    const messages: { seq: number; atMs: number; subject: string; payload: Uint8Array }[] = [];
    if (state.messages === 0) return messages;
    const name = `read${Math.random().toString(36).slice(2)}`;
    await this.manager.consumers.add(stream, { name, mem_storage: true, inactive_threshold: 10e9 });
    const inbox = `_INBOX.${name}`;
    const done = Promise.withResolvers<void>();
    const subscription = this.connection.subscribe(inbox, {
      callback: (_error, message) => {
        const tokens = (message.reply ?? '').split('.');
        const at = tokens.length > 9 ? 7 : 5;
        const seq = Number(tokens[at]);
        if (Number.isNaN(seq)) return;
        const atMs = Number(tokens[at + 2]?.slice(0, -6));
        messages.push({ seq, atMs, subject: message.subject, payload: Buffer.from(message.data) });
        if (seq >= state.last_seq) done.resolve();
      },
    });
    this.connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      JSON.stringify({ batch: 1_000_000, expires: 20e9 }),
      { reply: inbox },
    );
    await done.promise;
    subscription.unsubscribe();
    await this.manager.consumers.delete(stream, name);
    return messages;
  }
}

/** The rule of receivers: what is repeated changes nothing, and what follows a hole is not taken. */
function receiveRound(received: Received, bytes: Uint8Array): void {
  const round = decodeRound(bytes);
  if (round.type === 'fault') throw new Error(round.reason);
  const { header } = round;
  received.headers.push(header);
  const name = sourceName(header.source);
  const known = received.sources.get(name) ?? { entries: [], upto: header.first - 1, first: header.first };
  received.sources.set(name, known);
  if (header.to <= known.upto) {
    received.replayed++;
    return;
  }
  if (header.from > known.upto) {
    received.holes++;
    return;
  }
  for (const entry of entriesOf(round))
    if (entry.seq > known.upto) known.entries.push({ ...entry, payload: Buffer.from(entry.payload) });
  known.upto = header.to;
}

const SUBJECT_NAMES = ['tasks.received', 'tasks.completed', 'invoices.created', 'heartbeat', 'nodes.joined'];
const INDEXES = new Map(SUBJECT_NAMES.map((name, index) => [`ingest.1.${name}`, index]));

function subjectOf(number: number): string {
  return number % 50 === 0 ? 'ingest.1.other' : `ingest.1.${SUBJECT_NAMES[number % SUBJECT_NAMES.length]}`;
}

function payloadOf(number: number): string {
  if (number % 97 === 0) return 'x'.repeat(20_000);
  if (number % 31 === 0) return `rubbish ${number}`;
  return JSON.stringify({ type: 'heartbeat', nodeId: `node-${number % 40}`, number, text: 'y'.repeat(200) });
}

/** Asks the splitters for what the log of a partition misses. */
export function askForGap(
  { connection }: SplitterRig,
  source: RoundHeader['source'],
  upto: number,
  partition: number,
): void {
  connection.publish(CLUSTER_SUBJECTS.gap(SHARD), JSON.stringify({ source, upto, partition }));
}
