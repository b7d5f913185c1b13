// The ingest thread's wiring: batches of the source thread → door → writer → SQLite, and to main the signs of life of each
// commit. It is the only writer, and the only thread that looks into a message.

import { statSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  BATCH_TIME_MS,
  COMMIT_RETRY_MS,
  FUTURE_TOLERANCE_MS,
  SNAPSHOT_INTERVAL_MS,
} from './config/bounds.ts';
import type { WriterStatus } from './domain/federation/accounting.ts';
import type { Change } from './domain/federation/changes.ts';
import { systemClock } from './lib/clock.ts';
import { CodedError, type ErrorCode } from './lib/errors.ts';
import { unreachable } from './lib/unreachable.ts';
import { createAuthenticator } from './sources/federation/authenticator.ts';
import { type Batch, readBatch } from './sources/federation/batch.ts';
import { Door } from './sources/federation/door.ts';
import { Ledger } from './sources/federation/ledger.ts';
import { openWriter } from './store/database.ts';
import { earlierAggregator, tellAdoption } from './store/federation/adoption.ts';
import { Committer } from './store/federation/committer.ts';
import { readIdentity } from './store/federation/identity-row.ts';
import { makeChange } from './store/federation/make-change.ts';
import { writerOptions } from './store/federation/writer-options.ts';
import { FederationWriter } from './store/federation/writer.ts';
import { type DatabaseLock, lockDatabase } from './store/lock.ts';
import type {
  ChangeReply,
  FromIngest,
  IngestSeams,
  IngestThreadData,
  IngestToSource,
  SourceToIngest,
  ToIngest,
} from './thread-messages.ts';

function run(data: IngestThreadData, send: (message: FromIngest) => void): (message: ToIngest) => void {
  const { settings, seams } = data;
  const lock = lockDatabase(settings.databasePath);
  const adoption = {
    nowMs: systemClock.nowMs(),
    thresholds: settings.lifecycle,
    aggregatorId: settings.aggregatorId,
    progress: (rows: number, ofRows: number) =>
      tell(`adoption: ${rows} of ${ofRows} rows of the earlier aggregator`),
  };
  const { writer, identity } = openLocked(lock);
  const ledger = new Ledger();
  const door = new Door(
    {
      ledger,
      authenticate: createAuthenticator(writer.keys.book, settings.authMode === 'required'),
      apply: (signal, moment, signer) => writer.apply(signal, moment, signer),
      take: (seq, atMs) => writer.position.take(seq, atMs),
      count: (outcome) => writer.position.count(outcome),
    },
    FUTURE_TOLERANCE_MS,
  );
  let source: MessagePort | null = null;
  let observedMs = writer.observedMs;
  let lagMs = 0;
  /** Merged, and to be given back with the next commit. */
  let merged: Batch | null = null;
  /** Messages of the source that wait while SQLite refuses; at most as many batches as may be under way. */
  const waiting: SourceToIngest[] = [];

  const committer = new Committer(
    { timeMaxMs: BATCH_TIME_MS, retryMs: COMMIT_RETRY_MS },
    {
      commit() {
        const startedMs = systemClock.monotonicMs();
        if (seams.commitDelayMs !== undefined) sleep(seams.commitDelayMs);
        writer.housekeep(systemClock.nowMs());
        const signs = writer.commit(systemClock.nowMs(), observedMs);
        lagMs = ledger.committed(systemClock.nowMs(), (systemClock.monotonicMs() - startedMs) / 1000);
        send({ type: 'committed', signs, gone: writer.lastCommit.gone, observedMs });
        sendSnapshot();
        giveBack();
      },
      failed(error) {
        const why = `a commit failed (${sqliteCode(error)})`;
        const sentence = `database: ${why}; taking no more messages, trying again until it works`;
        send({ type: 'log', level: 'error', sentence });
      },
      recovered() {
        send({ type: 'log', level: 'info', sentence: 'database: commits work again' });
        // Until one of these commits fails as well.
        while (!committer.isFailing) {
          const message = waiting.shift();
          if (message === undefined) return;
          hear(message);
        }
      },
    },
  );

  function tell(sentence: string): void {
    send({ type: 'log', level: 'info', sentence: `database: ${sentence}` });
  }

  function openLocked(held: DatabaseLock) {
    try {
      const database = openWriter(settings.databasePath, earlierAggregator(adoption));
      tellAdoption(database, settings.databasePath, (line) => tell(`adoption: ${line}`));
      const opened = new FederationWriter(database, writerOptions(settings), settings.aggregatorId);
      return { writer: opened, identity: readIdentity(database, settings.federationSalt) };
    } catch (error) {
      held.release();
      throw error;
    }
  }

  function reply(message: IngestToSource, batch?: Batch): void {
    source?.postMessage(message, batch === undefined ? [] : [batch.payload, batch.numbers]);
  }

  function giveBack(): void {
    const batch = merged;
    merged = null;
    if (batch !== null) reply({ type: 'committed', batch, seq: (writer.position.nextSeq ?? 1) - 1 }, batch);
  }

  /** Takes what the source says, in its order: the clock and the position never run ahead of the messages. */
  function hear(message: SourceToIngest): void {
    if (committer.isFailing) {
      // Of several readings of the clock in a row only the last matters.
      if (message.type === 'clock' && waiting.at(-1)?.type === 'clock') waiting.pop();
      waiting.push(message);
      return;
    }
    switch (message.type) {
      case 'batch': {
        const nowMs = systemClock.nowMs();
        readBatch(message.batch, (entry) => {
          if (seams.pruneEvery !== undefined) pruneBehind(seams.pruneEvery);
          observedMs = entry.observedMs;
          door.enter(entry, nowMs);
        });
        merged = message.batch;
        committer.flush();
        return;
      }
      case 'clock':
        observedMs = message.observedMs;
        committer.soon();
        return;
      case 'shed':
        message.counts.forEach((count, subject) => ledger.shed(subject, count));
        return;
      case 'lastKnown':
        reply({ type: 'position', seq: writer.position.lastKnown(message.stream)?.seq ?? null });
        return;
      case 'attach':
        writer.position.attach(message.stream, message.storedAtMs);
        reply({ type: 'position', seq: writer.position.nextSeq });
        committer.soon();
        return;
      case 'nothingUpTo':
        writer.position.nothingUpTo(message.seq);
        committer.soon();
        return;
      case 'detach':
        writer.position.detach();
        return;
      default:
        unreachable(message);
    }
  }

  /** The seam of that name. Asked before every message, so that a pass which a crash cut short is made whole first. */
  function pruneBehind(every: NonNullable<IngestSeams['pruneEvery']>): void {
    const last = writer.position.last;
    if (last === null || last.seq % every.messages !== 0) return;
    do {
      writer.pruneStep(last.atMs - every.keepMs);
      while (!committer.flush()) sleep(COMMIT_RETRY_MS);
    } while (writer.lastCommit.pruned?.isPassOver !== true);
  }

  /** Makes an operator's change now: what SQLite does not take now is refused, and not made later unasked. */
  function change(asked: Change): ChangeReply {
    if (committer.isFailing) return refusal('database_unusable', BUSY_SENTENCE);
    try {
      const answer = makeChange(writer, asked, systemClock.nowMs());
      send({ type: 'keys', keys: writer.keys.book.all });
      if (!committer.flush()) return refusal('database_unusable', LATER_SENTENCE);
      return { type: 'made', answer };
    } catch (error) {
      if (error instanceof CodedError) return refusal(error.code, error.message);
      return refusal('database_unusable', `The change could not be made (${sqliteCode(error)}).`);
    }
  }

  function stop(): void {
    clearInterval(snapshots);
    committer.flush();
    committer.stop();
    writer.close();
    lock.release();
    send({ type: 'stopped' });
    source?.close();
    parentPort?.close();
  }

  function status(): WriterStatus {
    return {
      lagMs: Math.max(lagMs, ledger.waitingMs(systemClock.nowMs())),
      databaseWritable: !committer.isFailing,
      databaseSizeBytes: sizeOf(settings.databasePath) + sizeOf(`${settings.databasePath}-wal`),
    };
  }

  function sendSnapshot(): void {
    const accounts = ledger.snapshot({
      lost: writer.position.lostSinceStart,
      disagreements: writer.disagreements,
      unknownLabels: door.unknownLabels,
    });
    const { totalNodes, trust } = writer;
    send({ type: 'snapshot', accounts, status: status(), observedMs, totalNodes, trust });
  }

  const snapshots = setInterval(sendSnapshot, SNAPSHOT_INTERVAL_MS);
  const keys = writer.keys.book.all;
  send({ type: 'opened', aggregatorId: writer.aggregatorId, identity, keys, observedMs });

  return (message) => {
    switch (message.type) {
      case 'source':
        source = message.port;
        source.on('message', hear);
        return;
      case 'transitions':
        for (const fact of message.facts) writer.transition(fact);
        committer.soon();
        return;
      case 'statistics':
        writer.statistics(message.tick);
        committer.soon();
        return;
      case 'change':
        send({ type: 'changed', id: message.id, reply: change(message.change) });
        return;
      case 'keyUsed':
        writer.keys.used(message.keyId, message.atMs);
        committer.soon();
        return;
      case 'stop':
        stop();
        return;
      default:
        unreachable(message);
    }
  };
}

const BUSY_SENTENCE = 'The database cannot be written at the moment; the log says why. Nothing was changed.';
const LATER_SENTENCE =
  'The database cannot be written at the moment; the log says why. The change is made as soon as it can be.';

function refusal(code: ErrorCode, sentence: string): ChangeReply {
  return { type: 'refused', code, sentence };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function sqliteCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

if (parentPort !== null) {
  const port = parentPort;
  const send = (message: FromIngest) => port.postMessage(message);
  try {
    port.on('message', run(workerData as IngestThreadData, send));
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    send({ type: 'failed', code: error.code, sentence: error.message });
    port.close();
  }
}
