// What is read over a connection, a stream or plain NATS, and what is wrong with it. It makes no connection and no second
// attempt, and it looks into no message.

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
import { StreamRefused } from './our-stream.ts';
import { PlainInputs } from './plain-inputs.ts';
import { goneSentence, Stall } from './stall.ts';
import { StreamInput, type StreamInputOptions } from './stream-input.ts';
import { inputSubjects } from './subject-index.ts';

export interface ReadingOptions extends AttachmentOptions, StreamInputOptions {
  readonly catchingUpAgeMs: number;
  /** Messages that the stream holds and does not give are a stall after this long. */
  readonly stallAfterMs: number;
}

/** One message; `seq` is null on plain NATS, where `atMs` is the moment of receipt. */
export type TelemetryMessage = Omit<StreamMessage, 'seq' | 'pending'> & { readonly seq: number | null };

export interface ReadingParts {
  message(message: TelemetryMessage): void;
  /** Nothing more comes for a moment. */
  resting(): void;
  /** Reading begins anew from the position. */
  restart(): void;
  log(level: 'info' | 'warn' | 'error', sentence: string): void;
  clock: Clock;
}

/** The remedy where inputs may not be subscribed, which the sentence before has named. */
const ALLOW_INPUTS = 'what is published there is not counted; allow our user to subscribe to them';

/** It reads, perhaps with something to be said against it. */
export interface Begun {
  readonly mode: 'jetstream' | 'core';
  readonly problem: string | null;
  readonly level: 'info' | 'warn';
  readonly sentence: string;
}

export class Reading {
  readonly catchUp: CatchUp;
  readonly refusals = new Refusals();
  readonly #position: Position;
  readonly #parts: ReadingParts;
  readonly #attachment: Attachment;
  readonly #stream: StreamInput;
  readonly #plain: PlainInputs;
  readonly #faults: Faults;
  readonly #stall: Stall;

  /** Whether the inputs arrive under `ingest.`, as on our own broker; asked when we attach. */
  isMapped = false;
  /** Some messages of nodes cannot reach us, though others may: the time that passes is no node's silence. */
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

  /** What is wrong although the broker is connected; null if nothing is. */
  get fault(): string | null {
    return this.#faults.sentence;
  }

  /** True while messages may be waiting that do not reach us, whatever the connection does. */
  get isKeptBack(): boolean {
    const { isPaused, mode } = this.catchUp;
    return this.isMissing || this.#stall.unread > 0 || (isPaused && mode === 'jetstream');
  }

  /**
   * Finds what there is and begins to read it; null if another attempt has replaced this one. Throws if it cannot. `broken` is
   * called once, if reading breaks off later. A recheck leaves a reader alone that reads what is found.
   */
  async begin(
    connection: NatsConnection,
    attempt: Attempt,
    broken: (reason: string) => void,
    isRecheck: boolean,
  ): Promise<Begun | null> {
    if (!isRecheck || !this.isHealthy) this.stop();
    // What is still refused is refused again.
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

  /** A stream is read, and that goes well. */
  get isHealthy(): boolean {
    return this.#stream.isHealthy;
  }

  async #beginStream(
    connection: NatsConnection,
    { manager, name, fault, warning }: FoundStream,
    attempt: Attempt,
    broken: (reason: string) => void,
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
      // What was read of the stream and not handed over yet is read again from the position.
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
   * A broker that lost the files of messages that it counted begins behind us again when it restarts: they are lost. Our old
   * place says so before we leave it.
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
    // Where there is no JetStream, the right to ask for it is not missed; else the reason tells of it.
    if (unasked !== null && reason === null) this.refusals.forget(unasked);
    const denied = this.refusals.describe(unasked?.subject ?? null);
    this.isMissing = denied !== null;
    if (denied !== null) this.#faults.begin('refused', `${denied}: ${ALLOW_INPUTS}`, denied);
    const why = reason ?? 'the broker has no JetStream, or INGEST_MODE is core';
    return {
      mode: 'core',
      problem: reason,
      level: 'warn',
      sentence: `broker: reading plain NATS (${why}); what is published while we are away is not seen`,
    };
  }

  /** What {@link begin} began is what is read from now on. */
  begun({ mode }: Begun): void {
    this.catchUp.mode = mode;
    if (!this.isMissing || mode === 'jetstream') this.#faults.end('refused');
  }

  /** Says why there is nothing to read, and whether the broker refuses it. */
  explain(error: unknown): { readonly problem: string; readonly isRefused: boolean } {
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

  /** Sees whether anything was read since the last look. */
  noteReading(): void {
    this.#stream.noteReading();
  }

  /** Takes no more than is already under way; on plain NATS, where nobody can be held back, does nothing. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The stream is read no further. */
  stop(): void {
    this.#stream.stop();
  }
}
