// Reads over one connection, from a stream or from plain NATS, and tracks the faults. It makes no connection and no
// second attempt, and does not look into messages.

import type { Clock } from '../../lib/clock.ts';
import { describe, type NatsConnection, settled } from '../../io/nats.ts';
import { Refusals } from '../../io/refusals.ts';
import type { StreamMessage } from '../../io/stream-reader.ts';
import {
  Attachment,
  type AttachmentOptions,
  type Attempt,
  findPlace,
  type FoundPlain,
  type FoundStream,
  type Place,
  type Position,
  StreamUnasked,
} from './attachment.ts';
import { CatchUp } from './catch-up.ts';
import { Faults } from './faults.ts';
import type { Begun, Broken, Explained, KeptReading } from './kept-reading.ts';
import { StreamRefused } from './our-stream.ts';
import { PlainInputs } from './plain-inputs.ts';
import { goneSentence, Stall } from './stall.ts';
import { StreamInput, type StreamInputOptions } from './stream-input.ts';
import { inputSubjects } from './input-subjects.ts';

/** Settings of reading. */
export interface ReadingOptions extends AttachmentOptions, StreamInputOptions {
  readonly catchingUpAgeMs: number;
  /** Time after which undelivered messages of the stream count as a stall. */
  readonly stallAfterMs: number;
}

/** One message; `seq` is null on plain NATS, where `atMs` is the time of receipt. */
export type TelemetryMessage = Omit<StreamMessage, 'seq' | 'pending'> & { readonly seq: number | null };

/** Callbacks of a {@link Reading}. */
export interface ReadingParts {
  message(message: TelemetryMessage): void;
  /** Called when no message will come for a moment. */
  resting(): void;
  /** Called when reading starts again from the position. */
  restart(): void;
  log(level: 'info' | 'warn' | 'error', sentence: string): void;
  clock: Clock;
}

/** The remedy if the broker refuses subscriptions to inputs; the sentence before names them. */
const ALLOW_INPUTS =
  "what is published there is not counted; allow the aggregator's user to subscribe to them";

/** The reading of one source, over all its connections. */
export class Reading implements KeptReading {
  readonly catchUp: CatchUp;
  readonly refusals = new Refusals();
  readonly #position: Position;
  readonly #parts: ReadingParts;
  readonly #attachment: Attachment;
  readonly #stream: StreamInput;
  readonly #plain: PlainInputs;
  readonly #faults: Faults;
  readonly #stall: Stall;

  /** True if the inputs arrive under `ingest.`, as on the embedded broker; determined when attaching. */
  isMapped = false;
  /**
   * True if some messages of nodes cannot arrive, although others may. Silence meanwhile proves nothing about a node.
   */
  isMissing = false;

  constructor(options: ReadingOptions, position: Position, parts: ReadingParts) {
    const { clock } = parts;
    this.#position = position;
    this.#parts = parts;
    this.#faults = new Faults((level, sentence) => parts.log(level, sentence));
    this.#stall = new Stall(options.stallAfterMs);
    this.catchUp = new CatchUp(clock, this.#stall, options.catchingUpAgeMs);
    this.#attachment = new Attachment(options, position);
    this.#plain = new PlainInputs(clock, (message) => parts.message(message));
    this.#stream = new StreamInput(options, {
      sink: parts,
      position,
      catchUp: this.catchUp,
      stall: this.#stall,
      faults: this.#faults,
      clock,
    });
  }

  /** The faults while the broker is connected; null if there are none. */
  get fault(): string | null {
    return this.#faults.sentence;
  }

  /** True while messages may be waiting that cannot arrive, whatever the state of the connection. */
  get isKeptBack(): boolean {
    const { isPaused, mode } = this.catchUp;
    return this.isMissing || this.#stall.unread > 0 || (isPaused && mode === 'jetstream');
  }

  /**
   * Finds what to read and begins to read it; returns null if another attempt has replaced this one. Throws if it
   * cannot read. `broken` is called once if reading breaks off later. A recheck does not disturb a healthy reader of
   * the same stream.
   */
  async begin(
    connection: NatsConnection,
    attempt: Attempt,
    broken: Broken,
    isRecheck: boolean,
  ): Promise<Begun | null> {
    if (!isRecheck || !this.isHealthy) this.stop();
    // The broker will repeat refusals that are still in force.
    const wasLimited = this.refusals.has('any', null);
    this.refusals.clear();
    if (wasLimited) this.#plain.close();
    const found = await this.#attachment.find(connection, this.catchUp.mode, attempt);
    if (found === null) return null;
    this.isMapped = found.isMapped;
    if (found.type === 'stream') return this.#beginStream(connection, found, attempt, broken);
    this.stop();
    return this.#beginPlain(connection, found, attempt);
  }

  /** True if a stream is read without problems. */
  get isHealthy(): boolean {
    return this.#stream.isHealthy;
  }

  async #beginStream(
    connection: NatsConnection,
    { manager, name, fault, warning }: FoundStream,
    attempt: Attempt,
    broken: Broken,
  ): Promise<Begun | null> {
    const tellSettings = (isRead: boolean) => {
      if (fault === null) this.#faults.end('settings');
      else this.#faults.begin('settings', isRead ? fault.sentence : fault.unreadSentence, fault.key);
    };
    this.isMissing = fault?.keepsMessagesOut === true;
    let place: Place | null;
    let waiting: number | null;
    try {
      const info = await manager.streams.info(name);
      if (!attempt.isCurrent()) return null;
      const isRefused = () => this.refusals.size > 0;
      const readingAttempt = { ...attempt, isRefused, broken };
      if (this.#stream.keep(info, readingAttempt)) {
        tellSettings(true);
        return {
          mode: 'jetstream',
          problem: warning,
          level: 'info',
          sentence: `broker: reading on in ${name}`,
        };
      }
      this.stop();
      this.#plain.close();
      // Messages that were read from the stream but not handed over are read again from the position.
      this.#parts.restart();
      this.#leaveGone(name, info.state.last_seq);
      place = await findPlace(manager, info, this.#position, attempt);
      if (place === null) return null;
      waiting = await this.#stream.begin(connection, manager, place, readingAttempt);
    } catch (error) {
      if (attempt.isCurrent()) tellSettings(false);
      throw error;
    }
    if (waiting === null) return null;
    tellSettings(true);
    return {
      mode: 'jetstream',
      problem: warning,
      level: 'info',
      sentence: `broker: reading the stream ${name} from sequence ${place.nextSeq}, ${waiting} messages waiting`,
    };
  }

  /**
   * If a broker lost the files of messages that it had counted, its sequence after a restart is behind the position:
   * the messages are lost. This records them at the old position before the source leaves it.
   */
  #leaveGone(name: string, lastSeq: number): void {
    const goneUpTo = this.#stall.goneUpTo(lastSeq);
    if (goneUpTo === null) return;
    this.#faults.end('stall', goneSentence(name, goneUpTo - this.catchUp.readSeq, goneUpTo));
    this.#position.nothingUpTo(goneUpTo);
    this.#stall.over();
  }

  async #beginPlain(
    connection: NatsConnection,
    { reason, unasked }: FoundPlain,
    attempt: Attempt,
  ): Promise<Begun | null> {
    this.#position.detach();
    this.#plain.subscribe(connection, inputSubjects(this.isMapped));
    await settled(connection);
    if (!attempt.isCurrent()) return null;
    this.#stall.over();
    for (const kind of ['stall', 'settings'] as const) this.#faults.drop(kind);
    // Without JetStream the right to ask for it does not matter; otherwise `reason` mentions it.
    if (unasked !== null && reason === null) this.refusals.forget(unasked);
    const denied = this.refusals.describe(unasked?.subject ?? null);
    this.isMissing = denied !== null;
    if (denied !== null) this.#faults.begin('refused', `${denied}: ${ALLOW_INPUTS}`, denied);
    const why = reason ?? 'the broker has no JetStream, or INGEST_MODE is core';
    return {
      mode: 'core',
      problem: reason,
      level: 'warn',
      sentence: `broker: reading plain NATS (${why}); the aggregator does not see what is published while it is away`,
    };
  }

  /** Records that the reading which {@link begin} started is in use from now on. */
  begun({ mode }: Begun): void {
    this.catchUp.mode = mode;
    if (!this.isMissing || mode === 'jetstream') this.#faults.end('refused');
  }

  /** Explains why nothing can be read, and whether the broker's refusals are the cause. */
  explain(error: unknown): Explained {
    const denied = this.refusals.describe();
    const isUnasked = error instanceof StreamUnasked;
    const problem = `the stream cannot be read: ${isUnasked ? error.message : (denied ?? describe(error))}`;
    const isRefused = error instanceof StreamRefused || isUnasked || this.refusals.size > 0;
    if (error instanceof StreamRefused) this.#faults.begin('settings', error.message);
    const { remedy } = this.refusals;
    if (isUnasked) this.#faults.begin('refused', problem);
    else if (denied === null) this.#faults.drop('refused');
    else
      this.#faults.begin(
        'refused',
        remedy === null ? problem : `${problem}: ${remedy}, or set INGEST_MODE=core to read plain NATS`,
        denied,
      );
    return { problem, isRefused };
  }

  /** Checks whether messages were read since the last check. */
  noteReading(): void {
    this.#stream.noteReading();
  }

  /** Requests no further messages; no effect on plain NATS, which cannot be paused. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Stops reading the stream. */
  stop(): void {
    this.#stream.stop();
  }
}
