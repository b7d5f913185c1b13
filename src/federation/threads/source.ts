// The source thread's wiring: NATS → observed clock → batches for the writer. It looks into no message and keeps none
// longer than a batch takes to fill, so a slow disk never keeps it from reading what the broker sends.

import { parentPort, workerData } from 'node:worker_threads';
import { REFUSED_RETRY_MS } from '../../io/refusals.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_IDLE_TIME_MS,
  BATCH_MESSAGES_MAX,
  BATCH_TIME_MS,
  BATCHES_UNDER_WAY_MAX,
  CATCHING_UP_AGE_MS,
  OBSERVED_STEP_MAX_MS,
  PING_INTERVAL_MS,
  PLAIN_BACKLOG_BYTES_MAX,
  PULL_MESSAGES,
  PULLS_OUTSTANDING,
  SNAPSHOT_INTERVAL_MS,
  STALL_AFTER_MS,
  STALL_LOOK_MS,
  STOP_HANDOVER_MS,
} from './bounds.ts';
import { MESSAGE_BYTES_MAX } from '../domain/decode.ts';
import type { SourceStatus } from '../domain/accounting.ts';
import { ObservedClock } from '../../lifecycle/observed-clock.ts';
import { sharedMs, systemClock } from '../../lib/clock.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { Handover } from '../sources/handover.ts';
import { NO_SUBJECT, subjectIndex } from '../sources/subject-index.ts';
import { Telemetry } from '../sources/telemetry.ts';
import type {
  SourceToMain,
  IngestToSource,
  SourceThreadData,
  SourceToIngest,
  MainToSource,
} from './messages.ts';

const DAY_MS = 86_400_000;

function run(data: SourceThreadData, send: (message: SourceToMain) => void): (message: MainToSource) => void {
  const { settings, nats, ingest } = data;
  const clock = new ObservedClock(data.observedMs, OBSERVED_STEP_MAX_MS);
  const plainIndex = subjectIndex(false);
  const mappedIndex = subjectIndex(true);
  const shed = Array.from({ length: NO_SUBJECT + 1 }, () => 0);
  const answers: ((seq: number | null) => void)[] = [];
  let wasCatchingUp = true;

  const tell = (message: SourceToIngest) => ingest.postMessage(message);
  /** The writer answers in the order asked. */
  const ask = (message: SourceToIngest) =>
    new Promise<number | null>((resolve) => {
      answers.push(resolve);
      tell(message);
    });

  const handover = new Handover(
    {
      batchMessagesMax: BATCH_MESSAGES_MAX,
      batchBytesMax: BATCH_BYTES_MAX,
      idleTimeMs: BATCH_IDLE_TIME_MS,
      batchTimeMs: BATCH_TIME_MS,
      batchesMax: BATCHES_UNDER_WAY_MAX,
      backlogBytesMax: PLAIN_BACKLOG_BYTES_MAX - BATCHES_UNDER_WAY_MAX * BATCH_BYTES_MAX,
    },
    {
      send: (batch) => ingest.postMessage({ type: 'batch', batch }),
      mayShed: () => catchUp.mode === 'core',
      full: () => telemetry.pause(),
      roomy: () => telemetry.resume(),
      shed(subject) {
        shed[subject] = (shed[subject] ?? 0) + 1;
      },
    },
  );

  const telemetry = new Telemetry(
    {
      nats,
      mode: settings.ingest.mode,
      streamMaxAgeMs: settings.ingest.streamMaxAgeMs,
      streamMaxBytes: settings.ingest.streamMaxBytes,
      retentionMs: settings.retentionDays * DAY_MS,
      pullMessages: PULL_MESSAGES,
      pullsOutstanding: PULLS_OUTSTANDING,
      pingIntervalMs: PING_INTERVAL_MS,
      catchingUpAgeMs: CATCHING_UP_AGE_MS,
      refusedRetryMs: REFUSED_RETRY_MS,
      stallLookMs: STALL_LOOK_MS,
      stallAfterMs: STALL_AFTER_MS,
    },
    {
      lastKnown: (stream) => ask({ type: 'lastKnown', stream }),
      attach: async (stream, storedAtMs) => {
        catchUp.left();
        return (await ask({ type: 'attach', stream, storedAtMs })) ?? 1;
      },
      nothingUpTo: (seq) => tell({ type: 'nothingUpTo', seq }),
      detach() {
        catchUp.left();
        tell({ type: 'detach' });
      },
    },
    {
      message({ subject, payload, seq, atMs, heardMs, credential }) {
        clock.heard(heardMs, catchUp.isCatchingUp || reading.isMissing);
        handover.add({
          subject: reading.isMapped ? mappedIndex(subject) : plainIndex(subject),
          // One byte too many is enough to know that it is too large.
          payload: payload.length > MESSAGE_BYTES_MAX ? payload.subarray(0, MESSAGE_BYTES_MAX + 1) : payload,
          atMs,
          seq,
          observedMs: clock.nowMs,
          credential,
        });
      },
      heard() {
        // A message may be waiting that we do not read: then time passes for nobody.
        if (!telemetry.isReading) {
          clock.lost();
          return;
        }
        clock.heard(systemClock.monotonicMs(), catchUp.isCatchingUp);
        // Behind the messages that wait: the writer's clock must not run ahead of what it has taken.
        if (handover.waitingBytes === 0) tell({ type: 'clock', observedMs: clock.nowMs });
      },
      lost() {
        clock.lost();
        // At once: a broker that is away for less than a report takes would never show in /readyz.
        sendStatus();
      },
      resting: () => handover.settle(),
      restart: () => handover.discard(),
      log: (level, sentence) => send({ type: 'log', level, sentence }),
      fatal: (error) => send({ type: 'failed', code: error.code, sentence: error.message }),
      clock: systemClock,
    },
  );

  const { reading } = telemetry;
  const { catchUp } = reading;

  ingest.on('message', (message: IngestToSource) => {
    switch (message.type) {
      case 'position':
        answers.shift()?.(message.seq);
        return;
      case 'returned':
        telemetry.committed(message.seq);
        handover.giveBack(message.batch);
        // The first statistics wait for this moment.
        if (catchUp.isCatchingUp !== wasCatchingUp) sendStatus();
        return;
      default:
        unreachable(message);
    }
  });

  function sendStatus(): void {
    wasCatchingUp = catchUp.isCatchingUp;
    tell({ type: 'reach', reach: catchUp.reach(sharedMs()) });
    send({ type: 'status', status: status() });
    if (shed.some((count) => count > 0)) {
      tell({ type: 'shed', counts: [...shed] });
      shed.fill(0);
    }
  }

  function status(): SourceStatus {
    return {
      mode: catchUp.mode,
      connected: telemetry.isConnected,
      consuming: telemetry.isConsuming && telemetry.fault === null,
      catchingUp: catchUp.isCatchingUp,
      problem: telemetry.reason,
      refusals: telemetry.refusals,
      reconnects: telemetry.reconnects,
      pending: catchUp.pending,
      unreadAgeMs: catchUp.unreadAgeMs,
      clockOffsetMs: catchUp.clockOffsetMs,
      backlogBytes: handover.waitingBytes,
    };
  }

  async function stop(): Promise<void> {
    clearInterval(reports);
    await telemetry.stop();
    // The stream keeps what was not handed over; plain NATS does not, so the writer gets it, if it takes it in time.
    handover.discard();
    const deadlineMs = systemClock.monotonicMs() + STOP_HANDOVER_MS;
    while (!handover.isEmpty && systemClock.monotonicMs() < deadlineMs) {
      handover.flush();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    handover.stop();
    sendStatus();
    send({ type: 'stopped' });
    ingest.close();
    parentPort?.close();
  }

  const reports = setInterval(sendStatus, SNAPSHOT_INTERVAL_MS);
  void telemetry.start();

  return (message) => {
    if (message.type === 'stop') void stop();
  };
}

if (parentPort !== null) {
  const port = parentPort;
  port.on(
    'message',
    run(workerData as SourceThreadData, (message) => port.postMessage(message)),
  );
}
