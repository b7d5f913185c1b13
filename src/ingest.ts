// The ingest thread's wiring: source → door → writer → SQLite, and back to main the signs of life of each commit. It is
// the only writer, and the only thread that touches a message's bytes.

import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import {
  BATCH_MESSAGES_MAX,
  BATCH_TIME_MS,
  CATCHING_UP_AGE_MS,
  COMMIT_RETRY_MS,
  FUTURE_TOLERANCE_MS,
  HOT_MAP_GENERATION_ENTRIES,
  OBSERVED_STEP_MAX_MS,
  PING_INTERVAL_MS,
  PULL_MESSAGES,
  PULLS_OUTSTANDING,
  SNAPSHOT_INTERVAL_MS,
  TRANSITIONS_PER_NODE_MAX,
} from './config/bounds.ts';
import type { IngestStatus } from './domain/federation/accounting.ts';
import { ObservedClock } from './domain/federation/observed-clock.ts';
import { systemClock } from './lib/clock.ts';
import { CodedError } from './lib/errors.ts';
import { unreachable } from './lib/unreachable.ts';
import { Door } from './sources/federation/door.ts';
import { Ledger } from './sources/federation/ledger.ts';
import { Telemetry } from './sources/federation/telemetry.ts';
import { openWriter } from './store/database.ts';
import { Committer } from './store/federation/committer.ts';
import { FederationWriter } from './store/federation/writer.ts';
import { type DatabaseLock, lockDatabase } from './store/lock.ts';
import type { FromIngest, IngestThreadData, ToIngest } from './thread-messages.ts';

const DAY_MS = 86_400_000;

function run(data: IngestThreadData, send: (message: FromIngest) => void): (message: ToIngest) => void {
  const { settings } = data;
  const lock = lockDatabase(settings.databasePath);
  const writer = openLocked(lock);
  const clock = new ObservedClock(writer.observedMs, OBSERVED_STEP_MAX_MS);
  const ledger = new Ledger();
  let telemetry: Telemetry | null = null;
  let door: Door | null = null;
  let lagMs = 0;

  const committer = new Committer(
    { messagesMax: BATCH_MESSAGES_MAX, timeMaxMs: BATCH_TIME_MS, retryMs: COMMIT_RETRY_MS },
    {
      commit() {
        const startedMs = systemClock.monotonicMs();
        if (data.commitDelayMs > 0) sleep(data.commitDelayMs);
        const signs = writer.commit(systemClock.nowMs(), clock.nowMs);
        const nowMs = systemClock.nowMs();
        lagMs = ledger.committed(nowMs, (systemClock.monotonicMs() - startedMs) / 1000);
        send({ type: 'committed', signs, observedMs: clock.nowMs });
        sendSnapshot();
      },
      failed(error) {
        telemetry?.pause();
        send({
          type: 'log',
          level: 'error',
          sentence: `database: a commit failed (${sqliteCode(error)}); taking no more messages, nothing is lost, trying again until it works`,
        });
      },
      recovered() {
        send({ type: 'log', level: 'info', sentence: 'database: commits work again' });
        clock.lost();
        telemetry?.resume();
      },
    },
  );

  function openLocked(held: DatabaseLock): FederationWriter {
    try {
      return new FederationWriter(
        openWriter(settings.databasePath),
        {
          limits: settings.limits,
          generationSize: HOT_MAP_GENERATION_ENTRIES,
          transitionsPerNodeMax: TRANSITIONS_PER_NODE_MAX,
        },
        settings.aggregatorId,
      );
    } catch (error) {
      held.release();
      throw error;
    }
  }

  function takeMessage(subject: string, payload: Uint8Array, seq: number | null, atMs: number): void {
    if (door === null || telemetry === null) return;
    const nowMs = systemClock.nowMs();
    if (seq === null && committer.isFailing) {
      // Plain NATS cannot be held back, and nothing more fits in memory while SQLite refuses.
      door.turnAway(subject, atMs, nowMs, 'shed');
      return;
    }
    if (seq !== null && !writer.position.take(seq, atMs)) {
      door.turnAway(subject, atMs, nowMs, 'replayed');
    } else {
      clock.heard(systemClock.monotonicMs(), telemetry.isCatchingUp);
      writer.position.count(door.enter(subject, payload, atMs, nowMs));
    }
    committer.merged(1);
  }

  function start(message: Extract<ToIngest, { type: 'start' }>): void {
    door = new Door(
      ledger,
      (signal, atMs, nowMs) => writer.apply(signal, { atMs, nowMs, observedMs: clock.nowMs }),
      { prefix: message.isMapped ? 'ingest.' : 'truebit.', futureToleranceMs: FUTURE_TOLERANCE_MS },
    );
    telemetry = new Telemetry(
      {
        nats: message.nats,
        isMapped: message.isMapped,
        mode: settings.ingest.mode,
        streamMaxAgeMs: settings.ingest.streamMaxAgeMs,
        streamMaxBytes: settings.ingest.streamMaxBytes,
        retentionMs: settings.retentionDays * DAY_MS,
        pullMessages: PULL_MESSAGES,
        pullsOutstanding: PULLS_OUTSTANDING,
        pingIntervalMs: PING_INTERVAL_MS,
        catchingUpAgeMs: CATCHING_UP_AGE_MS,
      },
      writer.position,
      {
        message: takeMessage,
        heard() {
          const isBlind = committer.isFailing || (telemetry?.isCatchingUp ?? true);
          clock.heard(systemClock.monotonicMs(), isBlind);
          committer.merged(0);
        },
        lost: () => clock.lost(),
        log: (level, sentence) => send({ type: 'log', level, sentence }),
        fatal: (error) => send({ type: 'failed', code: error.code, sentence: error.message }),
        nowMs: systemClock.nowMs,
      },
    );
    void telemetry.start();
  }

  async function stop(): Promise<void> {
    clearInterval(snapshots);
    await telemetry?.stop();
    committer.flush();
    committer.stop();
    writer.close();
    lock.release();
    send({ type: 'stopped' });
    parentPort?.close();
  }

  function status(): IngestStatus {
    return {
      mode: telemetry?.mode ?? null,
      connected: telemetry?.isConnected ?? false,
      consuming: (telemetry?.isConsuming ?? false) && !committer.isFailing,
      catchingUp: telemetry?.isCatchingUp ?? true,
      problem: committer.isFailing ? 'the database refuses to be written' : (telemetry?.problem ?? null),
      reconnects: telemetry?.reconnects ?? 0,
      pending: telemetry?.pending ?? 0,
      lagMs,
      clockOffsetMs: telemetry?.clockOffsetMs ?? 0,
      databaseWritable: !committer.isFailing,
      databaseSizeBytes: sizeOf(settings.databasePath) + sizeOf(`${settings.databasePath}-wal`),
    };
  }

  function sendSnapshot(): void {
    const accounts = ledger.snapshot({
      lost: writer.position.lostSinceStart,
      disagreements: writer.disagreements,
      unknownLabels: door?.unknownLabels ?? [],
    });
    send({
      type: 'snapshot',
      accounts,
      status: status(),
      observedMs: clock.nowMs,
      totalNodes: writer.totalNodes,
    });
  }

  const snapshots = setInterval(sendSnapshot, SNAPSHOT_INTERVAL_MS);
  send({ type: 'opened', aggregatorId: writer.aggregatorId, observedMs: clock.nowMs });

  return (message) => {
    switch (message.type) {
      case 'start':
        start(message);
        return;
      case 'transitions':
        for (const fact of message.facts) writer.transition(fact);
        committer.merged(0);
        return;
      case 'statistics':
        writer.statistics(message.tick);
        committer.merged(0);
        return;
      case 'stop':
        void stop();
        return;
      default:
        unreachable(message);
    }
  };
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
