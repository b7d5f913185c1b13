// Finds what to read at a broker (the program's own stream, made or repaired; another owner's stream; plain NATS) and
// the position in it, and words every problem in a sentence. It reads no messages, logs nothing and retries nothing:
// its caller does.

import { CodedError } from '../../lib/errors.ts';
import { mapsInputs } from '../broker/mapping.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import { type NatsConnection, pause } from '../../io/nats.ts';
import type { WantedStream } from '../../io/stream-settings.ts';
import { type Refusal, rightFor } from '../../io/refusals.ts';
import {
  type JetStreamManager,
  listStreams,
  openJetStream,
  storedAtMs,
  type StreamInfo,
  type Unasked,
} from '../../io/streams.ts';
import { keepOurStream, type StreamFault } from './our-stream.ts';
import { chooseStream, OUR_STREAM } from './stream-choice.ts';
import { inputSubjects } from './input-subjects.ts';

/**
 * The position in the stream, which the writer stores together with the effects of the messages; needed when the source
 * attaches.
 */
export interface Position {
  /** The last sequence read from this incarnation of the stream; null if none was read. */
  lastKnown(stream: StreamFacts): Promise<number | null>;
  /**
   * Attaches to the stream. `storedAtMs` is when the broker stored the message at the last known sequence. Resolves
   * with the next sequence to read.
   */
  attach(stream: StreamFacts, storedAtMs: number | null): Promise<number>;
  /** Tells the writer that the stream has no further message up to `seq`. */
  nothingUpTo(seq: number): void;
  /** Tells the writer that no stream is read, because the source reads plain NATS. */
  detach(): void;
}

/** The settings that decide what to read. */
export interface AttachmentOptions {
  readonly mode: 'auto' | 'jetstream' | 'core';
  readonly streamMaxAgeMs: number;
  readonly streamMaxBytes: number;
  /** 0: rows are kept for ever. */
  readonly retentionMs: number;
}

/** One attempt to attach. */
export interface Attempt {
  /** False once another attempt has replaced this one. */
  isCurrent(): boolean;
  /** Aborted when the program stops. */
  readonly signal: AbortSignal;
}

/** The source of messages that was found; `isMapped`: the inputs arrive under `ingest.`. */
export type Found = FoundStream | FoundPlain;

/** A stream to read. */
export interface FoundStream {
  readonly type: 'stream';
  readonly isMapped: boolean;
  readonly manager: JetStreamManager;
  readonly name: string;
  /** The wrong settings of the program's own stream; null if there are none. */
  readonly fault: StreamFault | null;
  /** A warning about another owner's stream; null if there is none. */
  readonly warning: string | null;
}

/** Plain NATS, because there is no stream to read. */
export interface FoundPlain {
  readonly type: 'plain';
  readonly isMapped: boolean;
  /** Why no stream is read; null if no reason is worth mentioning. */
  readonly reason: string | null;
  /** The refusal that prevented the question for JetStream; null if there was none. */
  readonly unasked: Refusal | null;
}

/** The sequence at which reading starts, and the stream at that time. */
export interface Place {
  readonly info: StreamInfo;
  readonly nextSeq: number;
  /** A time earlier than that of every unread message. */
  readonly newestMs: number;
}

/** Subjects of the program's own stream on a broker that maps the inputs. */
const MAPPED_SUBJECTS = 'ingest.>';
/** Number of attempts to find JetStream again on a broker that had it, before plain NATS is read instead. */
const TRIES_WITHOUT_JETSTREAM = 10;
const DUPLICATE_WINDOW_MS = 100;
/**
 * Pause before a stream that was just deleted is made again: made before the broker has finished the deletion, it would
 * exist but store nothing (seen with nats-server 2.9.10).
 */
const REMAKE_REST_MS = 1000;

/**
 * An earlier connection read a stream, but now the broker refuses questions about it. The message gives the reason and
 * the remedy.
 */
export class StreamUnasked extends Error {}

/** Decides what to read at a broker. */
export class Attachment {
  readonly #options: AttachmentOptions;
  readonly #position: Pick<Position, 'lastKnown'>;
  #withoutJetStream = 0;

  constructor(options: AttachmentOptions, position: Pick<Position, 'lastKnown'>) {
    this.#options = options;
    this.#position = position;
  }

  /**
   * `before` is the mode in which messages were read before. Returns null if another attempt has replaced this one.
   * Throws the reason why nothing can be read, as {@link CodedError} if a setting is the cause.
   */
  async find(
    connection: NatsConnection,
    before: 'jetstream' | 'core' | null,
    attempt: Attempt,
  ): Promise<Found | null> {
    const isMapped = await mapsInputs(connection);
    const manager = this.#options.mode === 'core' ? 'none' : await openJetStream(connection);
    if (!attempt.isCurrent()) return null;
    if (manager === 'none') return this.#findNone(isMapped, before, null);
    if ('type' in manager) return this.#findUnasked(manager, isMapped, before, attempt);
    this.#withoutJetStream = 0;
    return this.#findStream(manager, isMapped, before, attempt);
  }

  /** The broker has no JetStream: falls back to plain NATS, or throws. */
  #findNone(isMapped: boolean, before: 'jetstream' | 'core' | null, unasked: Refusal | null): FoundPlain {
    if (before === 'jetstream' && this.#withoutJetStream++ < TRIES_WITHOUT_JETSTREAM) {
      throw new Error('the broker has no JetStream any more');
    }
    if (this.#options.mode === 'jetstream') {
      throw new CodedError(
        'jetstream_unavailable',
        'INGEST_MODE is jetstream, but the broker or this account has no JetStream: switch it on there, or set INGEST_MODE=auto.',
      );
    }
    const reason = before === 'jetstream' ? 'the broker lost its JetStream' : null;
    return { type: 'plain', isMapped, reason, unasked };
  }

  /**
   * The broker refuses questions about JetStream. The source then reads plain NATS, unless it read a stream before:
   * that stream continues to collect messages, and its unread ones would be counted much later or never.
   */
  async #findUnasked(
    { refusal, isAtBroker }: Unasked,
    isMapped: boolean,
    before: 'jetstream' | 'core' | null,
    { isCurrent }: Attempt,
  ): Promise<FoundPlain | null> {
    // The broker said at the login that it has no JetStream, so the answer would bring nothing new.
    if (refusal.operation === 'subscribe' && !isAtBroker) return this.#findNone(isMapped, before, refusal);
    const subject = refusal.subject ?? '';
    const denied = `the broker does not let the aggregator ${refusal.operation} to ${subject}`;
    const right = `allow the aggregator's user to ${refusal.operation} to ${rightFor(subject)}`;
    if (this.#options.mode === 'jetstream')
      throw new CodedError(
        'jetstream_unavailable',
        `INGEST_MODE is jetstream, but ${denied}: ${right}, or set INGEST_MODE=auto.`,
      );
    const known = await this.#position.lastKnown({ name: OUR_STREAM, created: '', firstSeq: 0, lastSeq: 0 });
    if (!isCurrent()) return null;
    if (before === 'jetstream' || known !== null)
      throw new StreamUnasked(
        `${denied}, and a stream was read before, which plain NATS cannot take the place of: ${right}, or set INGEST_MODE=core, if what the stream holds unread may be left`,
      );
    const reason = `${denied}, so its JetStream is not used: ${right}, or set INGEST_MODE=core`;
    return { type: 'plain', isMapped, reason, unasked: refusal };
  }

  async #findStream(
    manager: JetStreamManager,
    isMapped: boolean,
    before: 'jetstream' | 'core' | null,
    { isCurrent, signal }: Attempt,
  ): Promise<Found | null> {
    const streams = await listStreams(manager);
    const inputs = inputSubjects(isMapped);
    const choice = chooseStream(
      streams.map((stream) => ({ name: stream.config.name, subjects: stream.config.subjects })),
      inputs,
    );
    if (!isCurrent()) return null;
    if (choice.type === 'none') {
      if (this.#options.mode === 'jetstream')
        throw new CodedError('jetstream_unavailable', `INGEST_MODE is jetstream, but ${choice.reason}.`);
      return { type: 'plain', isMapped, reason: choice.reason, unasked: null };
    }
    if (choice.type === 'theirs') {
      const theirs = streams.find((stream) => stream.config.name === choice.name);
      const warning = this.#warningOf(choice.name, (theirs?.config.max_age ?? 0) / 1e6);
      return { type: 'stream', isMapped, manager, name: choice.name, fault: null, warning };
    }
    if (!choice.exists && before === 'jetstream') {
      await pause(REMAKE_REST_MS, signal);
      if (!isCurrent()) return null;
    }
    const existing = streams.find((stream) => stream.config.name === OUR_STREAM) ?? null;
    const { fault } = await keepOurStream(manager, this.#wanted(isMapped), existing);
    if (!isCurrent()) return null;
    return { type: 'stream', isMapped, manager, name: OUR_STREAM, fault, warning: null };
  }

  #wanted(isMapped: boolean): WantedStream {
    return {
      name: OUR_STREAM,
      subjects: isMapped ? [MAPPED_SUBJECTS] : inputSubjects(isMapped),
      maxAgeMs: this.#options.streamMaxAgeMs,
      maxBytes: this.#options.streamMaxBytes,
      duplicateWindowMs: DUPLICATE_WINDOW_MS,
      // A broker that maps the inputs admits anonymous clients, and these must not receive acknowledgements.
      acknowledges: !isMapped,
    };
  }

  /** The warning about another owner's stream; null if there is none. */
  #warningOf(name: string, maxAgeMs: number): string | null {
    const { retentionMs } = this.#options;
    if (retentionMs === 0 || (maxAgeMs > 0 && maxAgeMs < retentionMs)) return null;
    return `the stream ${name} keeps messages as long as RETENTION_DAYS or longer: a pruned id that is still in it would count as new`;
  }
}

/**
 * Asks the writer for the position in the stream that `info` describes. Returns null as {@link Attachment.find} does.
 */
export async function findPlace(
  manager: JetStreamManager,
  info: StreamInfo,
  position: Position,
  { isCurrent }: Attempt,
): Promise<Place | null> {
  const facts: StreamFacts = {
    name: info.config.name,
    created: info.created,
    firstSeq: info.state.first_seq,
    lastSeq: info.state.last_seq,
  };
  const known = await position.lastKnown(facts);
  const atMs = known === null ? null : await storedAtMs(manager, facts.name, known);
  if (!isCurrent()) return null;
  const nextSeq = await position.attach(facts, atMs);
  if (!isCurrent()) return null;
  return { info, nextSeq, newestMs: Math.max(atMs ?? 0, Date.parse(info.state.first_ts)) };
}
