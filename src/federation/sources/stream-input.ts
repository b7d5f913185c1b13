// Reads the messages of one stream from the position, and checks whether the stream holds messages that the broker does
// not deliver. It chooses no stream and does not restart by itself: it reports to its caller that reading broke off.

import type { Clock } from '../../lib/clock.ts';
import { type NatsConnection, pause, settled } from '../../io/nats.ts';
import { type StreamMessage, StreamReader } from '../../io/stream-reader.ts';
import { countFrom, isRefusal, type JetStreamManager, type StreamInfo } from '../../io/streams.ts';
import type { Attempt, Place, Position } from './attachment.ts';
import type { CatchUp } from './catch-up.ts';
import type { Faults } from './faults.ts';
import { goneSentence, type Stall, type StreamState, stallSentence, unreadOf } from './stall.ts';
import { CREDENTIAL_HEADERS } from '../domain/message-signature.ts';

/** Sizes and times of reading a stream. */
export interface StreamInputOptions {
  readonly nats: { readonly inboxPrefix: string | null };
  readonly pullMessages: number;
  readonly pullsOutstanding: number;
  /** Minimum time between two checks for undelivered messages. */
  readonly stallLookMs: number;
}

/** What a {@link StreamInput} needs of its owner. */
export interface StreamInputParts {
  readonly sink: {
    message(message: StreamMessage): void;
    /** Called when no message will come for a moment. */
    resting(): void;
  };
  readonly position: Pick<Position, 'nothingUpTo'>;
  readonly catchUp: CatchUp;
  readonly stall: Stall;
  readonly faults: Faults;
  readonly clock: Clock;
}

/** An attempt to read. */
export interface ReadingAttempt extends Attempt {
  /** True if the broker has refused an operation that reading needs. */
  isRefused(): boolean;
  /** Called if reading breaks off after it had begun. */
  broken(reason: string): void;
}

/** Progress of one {@link StreamInput.begin}. */
interface Beginning {
  isOver: boolean;
  /** The reason why its reader broke off; null if it did not. */
  brokenBy: string | null;
}

/** Number of messages in one pull request. */
export const PULL_MESSAGES = 2_500;
/** Number of pull requests at the same time: the broker answers one while the next is on its way. */
export const PULLS_OUTSTANDING = 2;
/** Minimum time between two checks whether a silent stream holds messages: one request each. */
export const STALL_LOOK_MS = 10_000;
/** Interval of checks whether the broker answers a reader, if it never answered the reader before. */
const PROOF_LOOK_MS = 100;

/** The reader of the current stream. */
export class StreamInput {
  readonly #options: StreamInputOptions;
  readonly #parts: StreamInputParts;
  #reader: StreamReader | null = null;
  /** The attempt for which the reader reads. */
  #attempt: ReadingAttempt | null = null;
  /** The stream that is read; null if reading has problems. */
  #current: { readonly name: string; readonly created: string } | null = null;
  #lookedMs = -Infinity;
  /** The broker never answered the reader before, so the next reader counts only once it is answered. */
  #isUnproven = false;

  constructor(options: StreamInputOptions, parts: StreamInputParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** True if the reader has no problems, so that another attempt may keep it. */
  get isHealthy(): boolean {
    return this.#current !== null && this.#parts.stall.unread === 0;
  }

  /** True if a stream is read, with problems or without. */
  get isReading(): boolean {
    return this.#current !== null;
  }

  /** Returns true if this stream is already being read; reading then continues for this attempt. */
  keep({ config, created }: StreamInfo, attempt: ReadingAttempt): boolean {
    const isSame = this.#current?.name === config.name && this.#current.created === created;
    if (!isSame || !this.isHealthy) return false;
    this.#attempt = attempt;
    return true;
  }

  /**
   * Begins to read at `place`. Resolves once the broker delivers, with the number of messages that were waiting; with
   * null if another attempt has replaced this one. Throws if reading breaks off or is refused before.
   */
  async begin(
    connection: NatsConnection,
    manager: JetStreamManager,
    { info, nextSeq, newestMs }: Place,
    attempt: ReadingAttempt,
  ): Promise<number | null> {
    const { catchUp, clock } = this.#parts;
    catchUp.begin(nextSeq, info.state.last_seq, newestMs);
    this.noteReading();
    this.#lookedMs = -Infinity;
    const beginning: Beginning = { isOver: false, brokenBy: null };
    const reader = this.#createReader(connection, manager, info.config.name, attempt, beginning);
    if (catchUp.isPaused) reader.pause();
    this.#reader = reader;
    this.#attempt = attempt;
    catchUp.brokerClock.away();
    const askedMs = clock.monotonicMs();
    // From here on deliveries change `catchUp.pending`.
    const waiting = await reader.start(manager, nextSeq);
    catchUp.pending = waiting;
    if (waiting === 0) this.#nothingWaits(info, askedMs);
    await settled(connection);
    while (this.#isUnproven && reader.isUnanswered && !catchUp.isPaused && attempt.isCurrent())
      await pause(PROOF_LOOK_MS, attempt.signal);
    if (!attempt.isCurrent() || beginning.brokenBy !== null || attempt.isRefused()) {
      reader.stop();
      if (!attempt.isCurrent()) return null;
      throw new Error(beginning.brokenBy ?? 'the broker refuses it');
    }
    beginning.isOver = true;
    this.#isUnproven = false;
    this.#current = { name: info.config.name, created: info.created };
    return waiting;
  }

  #createReader(
    connection: NatsConnection,
    manager: JetStreamManager,
    stream: string,
    attempt: ReadingAttempt,
    beginning: Beginning,
  ): StreamReader {
    const { catchUp, sink, stall } = this.#parts;
    const { brokerClock } = catchUp;
    const { nats, pullMessages, pullsOutstanding } = this.#options;
    const { inboxPrefix } = nats;
    const reader = new StreamReader(
      connection,
      { stream, inboxPrefix, pullMessages, pullsOutstanding, credentialHeaders: CREDENTIAL_HEADERS },
      {
        message: (message) => {
          catchUp.pending = message.pending;
          catchUp.readSeq = message.seq;
          catchUp.newestMs = message.atMs;
          brokerClock.read(message.atMs, message.heardMs);
          sink.message(message);
        },
        ended: (askedMs) => catchUp.ended(askedMs),
        drained: () => {
          this.noteReading();
          catchUp.pending = stall.unread;
          void this.#look(manager, stream, this.#attempt ?? attempt);
        },
        resting: () => sink.resting(),
        broken: (reason) => {
          beginning.brokenBy = reason;
          this.#broken(reader, this.#attempt ?? attempt, reason, beginning.isOver);
        },
      },
    );
    return reader;
  }

  #broken(reader: StreamReader, attempt: ReadingAttempt, reason: string, hadBegun: boolean): void {
    this.#isUnproven = !reader.isProven;
    if (this.#reader !== reader) return;
    this.#current = null;
    if (hadBegun && attempt.isCurrent()) attempt.broken(reason);
  }

  /**
   * The stream holds nothing from the position on. If it counted further, those messages are gone. If its own counts
   * say that they are not gone, the check after an empty pull request examines that.
   */
  #nothingWaits(info: StreamInfo, askedMs: number): void {
    const { catchUp, stall } = this.#parts;
    catchUp.ended(askedMs);
    if ((unreadOf(stateOf(info), catchUp.readSeq) ?? 0) > 0) return;
    this.#nothingUpTo(info.config.name, info.state.last_seq);
    catchUp.targetSeq = catchUp.readSeq;
    stall.over();
    this.noteReading();
  }

  /** Requests no further messages; requested ones still arrive. Also holds for later readers. */
  pause(): void {
    const { catchUp } = this.#parts;
    catchUp.isPaused = true;
    catchUp.brokerClock.away();
    this.#reader?.pause();
  }

  resume(): void {
    this.#parts.catchUp.isPaused = false;
    this.#reader?.resume();
  }

  stop(): void {
    this.#current = null;
    this.#reader?.stop();
  }

  /** Checks whether messages were read since the last check. */
  noteReading(): void {
    const { catchUp, faults, stall } = this.#parts;
    stall.read(catchUp.readSeq);
    if (stall.unread === 0) faults.end('stall');
  }

  /** The stream holds nothing unread and has counted up to `lastSeq`: the messages in between are gone. */
  #nothingUpTo(name: string, lastSeq: number): void {
    const { catchUp, faults, position } = this.#parts;
    const gone = lastSeq - catchUp.readSeq;
    if (gone <= 0) return;
    faults.end('stall', goneSentence(name, gone, lastSeq));
    // The writer would count messages that it has not received yet as gone; the next check reports the loss instead.
    if (catchUp.committedSeq < catchUp.readSeq) return;
    position.nothingUpTo(lastSeq);
    catchUp.readSeq = lastSeq;
    catchUp.committedSeq = lastSeq;
  }

  /**
   * Called after a pull request without messages. Checks, not too often, whether the stream holds messages
   * nevertheless.
   */
  async #look(manager: JetStreamManager, name: string, { isCurrent }: Attempt): Promise<void> {
    const { catchUp, clock, faults, stall } = this.#parts;
    if (clock.monotonicMs() - this.#lookedMs < this.#options.stallLookMs) return;
    this.#lookedMs = clock.monotonicMs();
    const { readSeq, brokerNowMs } = catchUp;
    let lastSeq: number;
    try {
      const state = stateOf(await manager.streams.info(name));
      ({ lastSeq } = state);
      const unread = unreadOf(state, readSeq) ?? (await countFrom(manager, name, readSeq + 1));
      if (!isCurrent() || catchUp.readSeq !== readSeq || catchUp.isPaused) return;
      stall.looked({ readSeq, lastSeq, unread, atMs: clock.monotonicMs() });
      faults.note(null);
    } catch (error) {
      // Other code notices a broker that does not answer or refuses the question.
      if (isRefusal(error) && isCurrent())
        faults.note(`whether the stream ${name} holds unread messages cannot be seen: ${error.message}`);
      return;
    }
    catchUp.pending = stall.unread;
    if (stall.unread === 0) {
      catchUp.nothingUnread(brokerNowMs);
      this.#nothingUpTo(name, lastSeq);
    }
    const { stalled } = stall;
    if (stalled !== null) faults.begin('stall', stallSentence(name, stalled), name);
    this.noteReading();
  }
}

function stateOf({ state }: StreamInfo): StreamState {
  return { firstSeq: state.first_seq, lastSeq: state.last_seq, deleted: state.num_deleted ?? 0 };
}
