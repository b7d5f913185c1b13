// The source thread: the connection to NATS and the observed clock. source-loop.ts has the order of its work. This file
// makes its parts, starts and stops them.

import { REFUSED_RETRY_MS } from '../../io/refusals.ts';
import { threadClock } from '../../lib/clock.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { systemTimers } from '../../lib/timers.ts';
import { runThread } from '../../workers/thread-entry.ts';
import { CATCHING_UP_AGE_MS } from '../sources/catch-up.ts';
import { CONTROL_POLL_MS } from '../sources/control-input.ts';
import { HANDOVER } from '../sources/handover.ts';
import { LogInput } from '../sources/log-input.ts';
import { LOG_PULL_ROUNDS, LOG_PULLS_OUTSTANDING } from '../sources/log-rounds.ts';
import { LOG_SILENT_AFTER_MS } from '../sources/log-silence.ts';
import { STALL_AFTER_MS } from '../sources/stall.ts';
import { PULL_MESSAGES, PULLS_OUTSTANDING, STALL_LOOK_MS } from '../sources/stream-input.ts';
import { PING_INTERVAL_MS } from '../sources/kept-input.ts';
import { Telemetry, type TelemetryOptions } from '../sources/telemetry.ts';
import type { SourceToMain, SourceThreadData, MainToSource } from './messages.ts';
import { type Input, type InputSink, REPORT_INTERVAL_MS, SourceLoop } from './source-loop.ts';
import { awaited, awaitedInLog, type WriterPosition } from './writer-position.ts';

function telemetryOptions({ settings, nats }: SourceThreadData): TelemetryOptions {
  return {
    nats,
    ...settings.ingest,
    retentionMs: settings.retentionDays * DAY_MS,
    pullMessages: PULL_MESSAGES,
    pullsOutstanding: PULLS_OUTSTANDING,
    pingIntervalMs: PING_INTERVAL_MS,
    catchingUpAgeMs: CATCHING_UP_AGE_MS,
    refusedRetryMs: REFUSED_RETRY_MS,
    stallLookMs: STALL_LOOK_MS,
    stallAfterMs: STALL_AFTER_MS,
  };
}

function createInput(data: SourceThreadData, position: WriterPosition, sink: InputSink): Input {
  const options = telemetryOptions(data);
  const { cluster } = data.settings;
  if (cluster === null) return new Telemetry(options, awaited(position), sink);
  return new LogInput(
    {
      ...options,
      partition: cluster.partition,
      inputStreams: cluster.inputStreams,
      pullMessages: LOG_PULL_ROUNDS,
      pullsOutstanding: LOG_PULLS_OUTSTANDING,
      silentAfterMs: LOG_SILENT_AFTER_MS,
      controlPollMs: CONTROL_POLL_MS,
    },
    awaitedInLog(position),
    sink,
  );
}

await runThread<SourceThreadData, MainToSource, SourceToMain>(
  ({ data, send }) =>
    new SourceLoop(
      { observedMs: data.observedMs, handover: HANDOVER, reportIntervalMs: REPORT_INTERVAL_MS },
      {
        clock: threadClock,
        timers: systemTimers,
        ingest: data.ingest,
        createInput: (position, sink) => createInput(data, position, sink),
        send,
      },
    ),
);
