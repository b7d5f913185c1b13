// The order of work in the source thread: it puts messages with the observed clock into batches for the writer, and
// reports the progress of reading to the main thread. It does not look into messages, and keeps none longer than a
// batch takes to fill, so that a slow disk never stops it from reading.

import type { ThreadClock } from '../../lib/clock.ts';
import type { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { ObservedClock } from '../../lifecycle/observed-clock.ts';
import type { SourceStatus } from '../domain/accounting.ts';
import { MESSAGE_BYTES_MAX } from '../domain/decode.ts';
import type { CatchUp } from '../sources/catch-up.ts';
import { Handover, type HandoverOptions } from '../sources/handover.ts';
import type { Reading, TelemetryMessage } from '../sources/reading.ts';
import { NO_SUBJECT, subjectIndex } from '../sources/input-subjects.ts';
import type { LogInput, LogInputParts } from '../sources/log-input.ts';
import type { LogEntry } from '../sources/log-rounds.ts';
import type { Telemetry, TelemetryParts } from '../sources/telemetry.ts';
import type { SourceToMain, IngestToSource, SourceToIngest } from './messages.ts';
import { WriterPosition } from './writer-position.ts';

/** Time between two reports of the source thread to the main thread and to the writer. */
export const REPORT_INTERVAL_MS = 1_000;
/**
 * Maximum by which one message or answer may advance the observed clock, so that time without the broker never counts.
 */
export const OBSERVED_STEP_MAX_MS = 10_000;
/** Maximum time, when stopping, that the source waits for the writer to take messages of plain NATS. */
export const STOP_HANDOVER_MS = 1_500;
/** Pause between two checks whether the writer has taken them. */
const STOP_LOOK_MS = 10;

/** The reader: {@link Telemetry}, {@link LogInput} in a cluster, or a replacement in a simulation. */
export interface Input
  extends Pick<
    Telemetry,
    | 'isConnected'
    | 'isConsuming'
    | 'isReading'
    | 'fault'
    | 'reason'
    | 'refusals'
    | 'reconnects'
    | 'committed'
    | 'pause'
    | 'resume'
    | 'start'
    | 'stop'
  > {
  readonly catchUp: CatchUp;
  /** Read for each message. */
  readonly reading: Pick<Reading, 'isMapped' | 'isMissing'>;
  /** Only in a cluster. */
  readonly hole?: LogInput['hole'];
  readonly missingCommands?: LogInput['missingCommands'];
  readonly unreadable?: LogInput['unreadable'];
}

/** What an input calls: one that reads messages, or one that reads a log. */
export type InputSink = TelemetryParts & LogInputParts;

/** The source thread's end of the port to the ingest thread. */
export interface IngestPort {
  postMessage(message: SourceToIngest): void;
  on(event: 'message', heard: (message: IngestToSource) => void): unknown;
  close(): void;
}

/** Settings of a {@link SourceLoop}. */
export interface SourceLoopOptions {
  /** The observed clock of the last commit. */
  readonly observedMs: number;
  readonly handover: HandoverOptions;
  readonly reportIntervalMs: number;
}

/** What a {@link SourceLoop} needs of its thread. */
export interface SourceLoopParts {
  readonly clock: ThreadClock;
  readonly timers: Timers;
  readonly ingest: IngestPort;
  /** Makes the reader: it uses `position`, and passes messages and events to `sink`. */
  createInput(position: WriterPosition, sink: InputSink): Input;
  /** Sends a message to the main thread. */
  send(message: SourceToMain): void;
}

/** The work of the source thread. It is itself the sink of its input, which saves a call per message. */
export class SourceLoop implements InputSink, Part {
  readonly clock: ThreadClock;
  readonly #options: SourceLoopOptions;
  readonly #parts: SourceLoopParts;
  readonly #observed: ObservedClock;
  readonly #position: WriterPosition;
  readonly #handover: Handover;
  readonly #input: Input;
  readonly #reading: Input['reading'];
  readonly #catchUp: CatchUp;
  readonly #plainIndex = subjectIndex(false);
  readonly #mappedIndex = subjectIndex(true);
  readonly #shed = Array.from({ length: NO_SUBJECT + 1 }, () => 0);
  #wasCatchingUp = true;
  #reports: Timer | null = null;

  constructor(options: SourceLoopOptions, parts: SourceLoopParts) {
    this.#options = options;
    this.#parts = parts;
    this.clock = parts.clock;
    this.#observed = new ObservedClock(options.observedMs, OBSERVED_STEP_MAX_MS);
    this.#position = new WriterPosition(
      (message) => this.#tell(message),
      () => this.#catchUp.left(),
    );
    this.#handover = new Handover(
      options.handover,
      {
        send: (batch) => this.#tell({ type: 'batch', batch }),
        mayShed: () => this.#catchUp.mode === 'core',
        full: () => this.#input.pause(),
        roomy: () => this.#input.resume(),
        shed: (subject) => {
          this.#shed[subject] = (this.#shed[subject] ?? 0) + 1;
        },
      },
      parts.timers,
    );
    this.#input = parts.createInput(this.#position, this);
    this.#reading = this.#input.reading;
    this.#catchUp = this.#input.catchUp;
    parts.ingest.on('message', (message) => this.#hear(message));
  }

  /** True if no message that was read waits, here or at the writer. */
  get isEmpty(): boolean {
    return this.#handover.isEmpty;
  }

  /** Begins to read; resolves when reading has begun, however long that takes. */
  async start(): Promise<void> {
    this.#reports = this.#parts.timers.every(this.#options.reportIntervalMs, () => this.report());
    await this.#input.start();
  }

  /** Stops reading. The writer still gets the messages that exist nowhere else, if it takes them in time. */
  async stop(): Promise<void> {
    const { clock, timers, ingest } = this.#parts;
    this.#reports?.cancel();
    await this.#input.stop();
    // The stream keeps messages that were not handed over; plain NATS does not, so the writer gets those if it takes
    // them in time.
    this.#handover.discard();
    const deadlineMs = clock.monotonicMs() + STOP_HANDOVER_MS;
    while (!this.flush() && clock.monotonicMs() < deadlineMs)
      await new Promise<void>((resolve) => void timers.after(STOP_LOOK_MS, resolve));
    this.#handover.stop();
    this.report();
    ingest.close();
  }

  /** Sends waiting messages, as many as the writer takes; true if none are left, here or at the writer. */
  flush(): boolean {
    this.#handover.flush();
    return this.#handover.isEmpty;
  }

  /** Reports the progress of reading to the main thread, and the reach and the shed messages to the writer. */
  report(): void {
    this.#wasCatchingUp = this.#catchUp.isCatchingUp;
    this.#tell({ type: 'reach', reach: this.#catchUp.reach(this.clock.sharedMs()) });
    this.#parts.send({ type: 'status', status: this.#status() });
    if (this.#shed.some((count) => count > 0)) {
      this.#tell({ type: 'shed', counts: [...this.#shed] });
      this.#shed.fill(0);
    }
  }

  // The sink of the input:

  message({ subject, payload, seq, atMs, heardMs, credential }: TelemetryMessage): void {
    this.#observed.heard(heardMs, this.#catchUp.isCatchingUp || this.#reading.isMissing);
    this.#handover.add({
      subject: this.#reading.isMapped ? this.#mappedIndex(subject) : this.#plainIndex(subject),
      // One byte beyond the limit is enough to recognise an over-long message.
      payload: payload.length > MESSAGE_BYTES_MAX ? payload.subarray(0, MESSAGE_BYTES_MAX + 1) : payload,
      atMs,
      seq,
      observedMs: this.#observed.nowMs,
      credential,
    });
  }

  round(heardMs: number): void {
    this.#observed.heard(heardMs, this.#catchUp.isCatchingUp || this.#reading.isMissing);
  }

  entry(entry: LogEntry): void {
    this.#handover.add({ ...entry, observedMs: this.#observed.nowMs });
  }

  heard(): void {
    // While the source does not read, the stream may hold unread messages of every node. This time is no node's silence.
    if (!this.#input.isReading) {
      this.#observed.lost();
      return;
    }
    this.#observed.heard(this.clock.monotonicMs(), this.#catchUp.isCatchingUp);
    // Only if no message waits: the writer's clock must not run ahead of its messages.
    if (!this.#handover.isWaiting) this.#tell({ type: 'clock', observedMs: this.#observed.nowMs });
  }

  begun(): void {
    // Reported at once, because readiness and the first tick would otherwise wait for the next regular report.
    this.report();
  }

  lost(): void {
    this.#observed.lost();
    // Reported at once, because /readyz would otherwise miss an absence shorter than the report interval.
    this.report();
  }

  resting(): void {
    this.#handover.settle();
  }

  restart(): void {
    this.#handover.discard();
  }

  log(level: 'info' | 'warn' | 'error', sentence: string): void {
    this.#parts.send({ type: 'log', level, sentence });
  }

  fatal({ code, message }: CodedError): void {
    this.#parts.send({ type: 'failed', code, sentence: message });
  }

  #hear(message: IngestToSource): void {
    switch (message.type) {
      case 'position':
        this.#position.answered(message.seq);
        return;
      case 'returned':
        this.#input.committed(message.seq);
        this.#handover.giveBack(message.batch);
        // The first statistics wait for the end of catching up.
        if (this.#catchUp.isCatchingUp !== this.#wasCatchingUp) this.report();
        return;
      case 'hole':
        this.#input.hole?.(message.source, message.upto);
        return;
      case 'missingCommands':
        this.#input.missingCommands?.(message.entries);
        return;
      default:
        unreachable(message);
    }
  }

  #tell(message: SourceToIngest): void {
    this.#parts.ingest.postMessage(message);
  }

  #status(): SourceStatus {
    const input = this.#input;
    const catchUp = this.#catchUp;
    return {
      mode: catchUp.mode,
      connected: input.isConnected,
      consuming: input.isConsuming && input.fault === null,
      catchingUp: catchUp.isCatchingUp,
      problem: input.reason,
      refusals: input.refusals,
      reconnects: input.reconnects,
      pending: catchUp.pending,
      unreadAgeMs: catchUp.unreadAgeMs,
      clockOffsetMs: catchUp.clockOffsetMs,
      backlogBytes: this.#handover.waitingBytes,
      ...(input.unreadable === undefined ? {} : { unreadable: input.unreadable }),
    };
  }
}
