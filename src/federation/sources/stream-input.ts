// Reads the messages of one stream from our place in it, and looks whether the stream holds messages that the broker does not
// give. It chooses no stream and never begins again by itself: it tells its caller that reading broke off.

import type { Clock } from '../../lib/clock.ts';
import { type NatsConnection, pause, settled } from '../../io/nats.ts';
import { type StreamMessage, StreamReader } from '../../io/stream-reader.ts';
import { countFrom, isRefusal, type JetStreamManager, type StreamInfo } from '../../io/streams.ts';
import type { Attempt, Place, Position } from './attachment.ts';
import type { CatchUp } from './catch-up.ts';
import type { Faults } from './faults.ts';
import { goneSentence, type Stall, type StreamState, stallSentence, unreadOf } from './stall.ts';
import { CREDENTIAL_HEADERS } from '../domain/message-signature.ts';

export interface StreamInputOptions {
  readonly nats: { readonly inboxPrefix: string | null };
  readonly pullMessages: number;
  readonly pullsOutstanding: number;
  /** Least time between two looks for messages that the stream holds and does not give. */
  readonly stallLookMs: number;
}

export interface StreamInputParts {
  readonly sink: {
    message(message: StreamMessage): void;
    /** Nothing more comes for a moment. */
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
  /** The broker has refused something that reading needs. */
  isRefused(): boolean;
  /** Reading broke off after it had begun. */
  broken(reason: string): void;
}

/** How far one {@link StreamInput.begin} has come. */
interface Beginning {
  isOver: boolean;
  /** Why its reader broke off; null if it did not. */
  brokenBy: string | null;
}

/** Messages asked for in one pull of the stream. */
export const PULL_MESSAGES = 2_500;
/** Pulls under way at the same time: one is delivered while the next is on its way. */
export const PULLS_OUTSTANDING = 2;
/** Least time between two questions whether a stream that gives nothing holds something: one request each. */
export const STALL_LOOK_MS = 10_000;
/** How often a reader is asked whether the broker answers it, after one that was never answered. */
const PROOF_LOOK_MS = 100;

export class StreamInput {
  readonly #options: StreamInputOptions;
  readonly #parts: StreamInputParts;
  #reader: StreamReader | null = null;
  /** For which attempt it reads. */
  #attempt: ReadingAttempt | null = null;
  /** The stream that is read, while that goes well. */
  #current: { readonly name: string; readonly created: string } | null = null;
  #lookedMs = -Infinity;
  /** The reader before was never answered: the next one is believed when it is. */
  #isUnproven = false;

  constructor(options: StreamInputOptions, parts: StreamInputParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** A reader that goes well: another attempt may leave it alone. */
  get isHealthy(): boolean {
    return this.#current !== null && this.#parts.stall.unread === 0;
  }

  /** True if this stream is read already, and goes on for this attempt. */
  keep({ config, created }: StreamInfo, attempt: ReadingAttempt): boolean {
    const isSame = this.#current?.name === config.name && this.#current.created === created;
    if (!isSame || !this.isHealthy) return false;
    this.#attempt = attempt;
    return true;
  }

  /**
   * Begins to read at `place`. Resolves once the broker gives, with the number of messages that were waiting then, or with
   * null if another attempt has replaced this one; throws if reading breaks off or is refused before.
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
    // Deliveries change `catchUp.pending` from now on.
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
   * Nothing is there from our position on, though the stream may have counted further: those messages are gone. If by its own
   * account they are not, that is looked at when a pull brought nothing.
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

  /** Asks for nothing more; what was asked for still arrives. Holds for readers to come, too. */
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

  /** Sees whether anything was read since the last look. */
  noteReading(): void {
    const { catchUp, faults, stall } = this.#parts;
    stall.read(catchUp.readSeq);
    if (stall.unread === 0) faults.end('stall');
  }

  /** The stream holds nothing unread, and has counted up to `lastSeq`: what was between is gone. */
  #nothingUpTo(name: string, lastSeq: number): void {
    const { catchUp, faults, position } = this.#parts;
    const gone = lastSeq - catchUp.readSeq;
    if (gone <= 0) return;
    faults.end('stall', goneSentence(name, gone, lastSeq));
    // The writer would take what it was not handed yet for gone, too: then the next look tells it.
    if (catchUp.committedSeq < catchUp.readSeq) return;
    position.nothingUpTo(lastSeq);
    catchUp.readSeq = lastSeq;
    catchUp.committedSeq = lastSeq;
  }

  /** A pull brought nothing. Asks the stream, not too often, whether it holds something all the same. */
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
      // A broker that does not answer, or does not let us ask, is noticed elsewhere.
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
