// A real nats-server with the streams of a cluster, and the source thread's loop that reads its log: with short times, and
// with a writer that keeps a position and gives batches back when the test says so.

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from 'nats';
import { onTestFinished } from 'vitest';
import type { ControlEntry } from '../../../src/federation/domain/cluster.ts';
import { CLUSTER_SUBJECTS, CONTROL_STREAM, logStream } from '../../../src/federation/domain/cluster.ts';
import { encodeControlEntry } from '../../../src/federation/domain/control-entry.ts';
import type { RoundEntry, RoundHeader } from '../../../src/federation/domain/round.ts';
import { encodeRound } from '../../../src/federation/domain/round-writer.ts';
import {
  type Batch,
  LOST,
  readBatch,
  ROUND_BEGINS,
  ROUND_ENDS,
} from '../../../src/federation/sources/batch.ts';
import { HANDOVER } from '../../../src/federation/sources/handover.ts';
import { LogInput, type LogInputOptions } from '../../../src/federation/sources/log-input.ts';
import type {
  IngestToSource,
  SourceToIngest,
  SourceToMain,
} from '../../../src/federation/threads/messages.ts';
import { SourceLoop } from '../../../src/federation/threads/source-loop.ts';
import { awaitedInLog } from '../../../src/federation/threads/writer-position.ts';
import { threadClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { temporaryFolder } from '../../io/broker-fixtures.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { anonymousAt } from '../../support/anonymous.ts';

export const LOG = logStream(0);
export const SHARD = 'TRUEBIT_INGEST_1';

/** A broker with the streams of a cluster, as far as a log needs them. */
export async function startBroker(streams: readonly string[] = [LOG, CONTROL_STREAM]) {
  const storeFolder = temporaryFolder();
  let server: NatsServer = await startNatsServer({ storeFolder });
  const { port } = server;
  const connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const manager = await jetstreamManager(connection);
  onTestFinished(async () => {
    await connection.close();
    server.process.kill('SIGCONT');
    await server.stop();
  });
  const make = async (name: string) => {
    const subject = name === LOG ? CLUSTER_SUBJECTS.allRounds(0) : CLUSTER_SUBJECTS.allControl;
    await manager.streams.add({ name, subjects: [subject] });
  };
  for (const name of streams) await make(name);
  const client = manager.jetstream();
  const ends = new Map<string, number>();
  /** Tries until the broker has stored it: it may just start. */
  const publish = (subject: string, bytes: Uint8Array): Promise<number> =>
    until('the broker to store', async () => {
      const stored = await client.publish(subject, bytes, { timeout: 500 }).catch(() => null);
      return stored?.seq;
    });
  return {
    url: server.url,
    connection,
    manager,
    make,
    pid: () => server.process.pid ?? 0,
    async restart() {
      await server.stop();
      server = await startNatsServer({ storeFolder, port });
    },
    /** Stores a round that goes on where the last one of its shard ended, with one message a text. */
    async round(texts: readonly string[], changes: Partial<RoundHeader> = {}): Promise<number> {
      const shard = changes.source?.stream ?? SHARD;
      const from = changes.from ?? ends.get(shard) ?? 0;
      const bytes = encodedRound(from, texts, changes);
      ends.set(shard, from + texts.length);
      return publish(CLUSTER_SUBJECTS.rounds(0, shard), bytes);
    },
    /** Stores any bytes in the log. */
    async rubbish(bytes: Uint8Array): Promise<number> {
      return publish(CLUSTER_SUBJECTS.rounds(0, 'X'), bytes);
    },
    async command(entry: ControlEntry | Uint8Array): Promise<void> {
      const bytes = entry instanceof Uint8Array ? entry : encodeControlEntry(entry);
      await publish(CLUSTER_SUBJECTS.control, bytes);
    },
  };
}

/** The bytes of a round with one message a text. */
export function encodedRound(
  from: number,
  texts: readonly string[],
  changes: Partial<RoundHeader> = {},
): Uint8Array {
  const atMs = Date.now();
  const entries = texts.map(
    (text, index): RoundEntry => ({
      seq: from + 1 + index,
      atMs,
      subject: 3,
      credential: null,
      payload: Buffer.from(text),
    }),
  );
  const header: RoundHeader = {
    maker: 'test',
    source: { stream: SHARD, incarnation: 'i' },
    first: 1,
    from,
    to: from + texts.length,
    count: texts.length,
    atMs,
    behindMs: 0,
    isAway: false,
    ...changes,
  };
  return encodeRound({ header, entries });
}

/** A command with this id. */
export function blocking(id: string): ControlEntry {
  return { id, previous: null, by: 'a', command: { type: 'blockNode', nodeId: `node-${id}` } };
}

/** What a test may change of a source. */
export interface SourceChanges extends Partial<LogInputOptions> {
  /** The sequence in the log that an earlier run had committed. */
  readonly knownSeq?: number;
  /** The writer gives no batch back by itself. */
  readonly isSlow?: boolean;
}

/** A running source of a replica, what it says, and its writer. */
export function startLogSource(
  url: string,
  { knownSeq = 0, isSlow = false, ...changes }: SourceChanges = {},
) {
  /** In the order in which the ingest thread gets them: `commands`, `begin`, the text of an entry, `lost`, `end`. */
  const told: string[] = [];
  const headers: RoundHeader[] = [];
  const log: string[] = [];
  const statuses: SourceToMain[] = [];
  const held: Batch[] = [];
  const writer = { logSeq: knownSeq, attached: 0, observedMs: 0, isSlow };
  let answer = (_message: IngestToSource): void => undefined;
  const take = (batch: Batch) => {
    readBatch(batch, ({ subject, payload, seq, observedMs }) => {
      const text = Buffer.from(payload).toString();
      writer.observedMs = observedMs;
      if (subject === ROUND_BEGINS) {
        // The test has made the header itself.
        headers.push(JSON.parse(text) as RoundHeader);
        told.push(`begin ${seq}`);
      } else if (subject === ROUND_ENDS) {
        told.push(`end ${seq}`);
        writer.logSeq = seq ?? 0;
      } else told.push(subject === LOST ? `lost ${text} up to ${seq}` : text);
    });
    answer({ type: 'returned', batch, seq: writer.logSeq });
  };
  const hear = (message: SourceToIngest) => {
    if (message.type === 'batch' && writer.isSlow) held.push(message.batch);
    else if (message.type === 'batch') take(message.batch);
    else if (message.type === 'clock') writer.observedMs = message.observedMs;
    else if (message.type === 'commands') {
      const ids = message.entries.map(({ entry }) => entry.id).join();
      told.push(`${message.isAll ? 'all commands' : 'commands'} ${ids}`);
    } else if (message.type === 'attachLog') {
      writer.attached++;
      // As the writer does: a position behind which the log went back is worth nothing.
      writer.logSeq = Math.min(writer.logSeq, message.log.lastSeq);
      answer({ type: 'position', seq: writer.logSeq + 1 });
    }
  };
  let input: LogInput | null = null;
  const loop = new SourceLoop(
    {
      observedMs: 0,
      handover: { ...HANDOVER, idleTimeMs: 5, batchTimeMs: 10, batchBytesMax: 1_000_000 },
      reportIntervalMs: 50,
    },
    {
      clock: threadClock,
      timers: systemTimers,
      ingest: {
        // As a port does: the other side hears a message later.
        postMessage: (message) => queueMicrotask(() => hear(message)),
        on: (_event, heard) => (answer = (message) => queueMicrotask(() => heard(message))),
        close: () => undefined,
      },
      createInput(position, sink) {
        input = new LogInput(logOptions(url, changes), awaitedInLog(position), sink);
        return input;
      },
      send: (message) => {
        if (message.type === 'log') log.push(`${message.level} ${message.sentence}`);
        if (message.type === 'status') statuses.push(message);
      },
    },
  );
  onTestFinished(() => loop.stop());
  void loop.start();
  return {
    told,
    headers,
    log,
    writer,
    held,
    loop,
    get input(): LogInput {
      if (input === null) throw new Error('no input');
      return input;
    },
    /** The writer takes everything that it held, and is quick from now on. */
    release() {
      writer.isSlow = false;
      for (const batch of held.splice(0)) take(batch);
    },
    answer: (message: IngestToSource) => answer(message),
    /** The texts of all entries, without marks and commands. */
    texts: () => told.filter((line) => !/^(begin|end|commands|all commands) ?/.test(line)),
    status: () => {
      const last = statuses.at(-1);
      return last?.type === 'status' ? last.status : null;
    },
  };
}

/** Options with short times, for a broker without a login. */
export function logOptions(url: string, changes: Partial<LogInputOptions>): LogInputOptions {
  return {
    nats: anonymousAt(url),
    partition: 0,
    inputStreams: [SHARD],
    pullMessages: 16,
    pullsOutstanding: 2,
    pingIntervalMs: 50,
    catchingUpAgeMs: 10_000,
    refusedRetryMs: 300,
    stallLookMs: 100,
    stallAfterMs: 1_000,
    silentAfterMs: 30_000,
    controlPollMs: 50,
    ...changes,
  };
}
