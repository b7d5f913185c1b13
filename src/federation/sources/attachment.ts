// Finds what there is to read at a broker (our stream, made or mended; somebody else's; plain NATS) and our place in it, and
// says in a sentence what is wrong. It reads no messages, logs nothing and tries nothing again: its caller does.

import { CodedError } from '../../lib/errors.ts';
import { mapsInputs } from '../broker/mapping.ts';
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
import { inputSubjects } from './subject-index.ts';

/** The position in the stream, which the writer keeps beside the effects; asked when we attach. */
export interface Position {
  /** The last sequence read from this incarnation of the stream, null if none was. */
  lastKnown(stream: StreamFacts): Promise<number | null>;
  /** Attaches; `storedAtMs` is when the broker stored the message at that sequence. Resolves with the next to read. */
  attach(stream: StreamFacts, storedAtMs: number | null): Promise<number>;
  /** The stream holds nothing more up to `seq`. */
  nothingUpTo(seq: number): void;
  /** No stream is read: plain NATS. */
  detach(): void;
}

/** What the broker says of a stream when we attach to it. */
export interface StreamFacts {
  readonly name: string;
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface AttachmentOptions {
  readonly mode: 'auto' | 'jetstream' | 'core';
  readonly streamMaxAgeMs: number;
  readonly streamMaxBytes: number;
  /** 0: for ever. */
  readonly retentionMs: number;
}

/** One attempt to attach. */
export interface Attempt {
  /** False once another attempt has replaced this one. */
  isCurrent(): boolean;
  /** Aborted when all is over. */
  readonly signal: AbortSignal;
}

/** What there is to read; `isMapped`: the inputs arrive under `ingest.`. */
export type Found = FoundStream | FoundPlain;

export interface FoundStream {
  readonly type: 'stream';
  readonly isMapped: boolean;
  readonly manager: JetStreamManager;
  readonly name: string;
  /** What is not as wanted, if it is ours. */
  readonly fault: StreamFault | null;
  /** What is to be said against it, if it is not ours. */
  readonly warning: string | null;
}

export interface FoundPlain {
  readonly type: 'plain';
  readonly isMapped: boolean;
  /** Why no stream is read; null if there is no more to say. */
  readonly reason: string | null;
  /** What kept us from asking for JetStream; null if nothing did. */
  readonly unasked: Refusal | null;
}

/** Where reading begins, and the stream as it was then. */
export interface Place {
  readonly info: StreamInfo;
  readonly nextSeq: number;
  /** A time before that of every message not read. */
  readonly newestMs: number;
}

/** What our stream takes on a broker that maps the inputs. */
const MAPPED_SUBJECTS = 'ingest.>';
/** A broker that had JetStream is asked again so often before plain NATS is read instead. */
const TRIES_WITHOUT_JETSTREAM = 10;
const DUPLICATE_WINDOW_MS = 100;
/**
 * A stream that was there is being deleted: made again before that is done, it would exist and store nothing (seen with
 * nats-server 2.9.10).
 */
const REMAKE_REST_MS = 1000;

/** A stream was read before, and it cannot be asked for now; the message says why and what to do. */
export class StreamUnasked extends Error {}

export class Attachment {
  readonly #options: AttachmentOptions;
  readonly #position: Pick<Position, 'lastKnown'>;
  #withoutJetStream = 0;

  constructor(options: AttachmentOptions, position: Pick<Position, 'lastKnown'>) {
    this.#options = options;
    this.#position = position;
  }

  /**
   * `before` is what was read before. Null if another attempt has replaced this one. Throws what keeps us from reading, as
   * {@link CodedError} if it is a setting.
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

  /** The broker has no JetStream. */
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
   * Whether there is a stream cannot be asked. Plain NATS is read instead, unless a stream was read before: the stream goes
   * on collecting, and what it holds unread would be counted much later, or never.
   */
  async #findUnasked(
    { refusal, isAtBroker }: Unasked,
    isMapped: boolean,
    before: 'jetstream' | 'core' | null,
    { isCurrent }: Attempt,
  ): Promise<FoundPlain | null> {
    // The broker said at the login that it has no JetStream: there is no answer to miss.
    if (refusal.operation === 'subscribe' && !isAtBroker) return this.#findNone(isMapped, before, refusal);
    const subject = refusal.subject ?? '';
    const denied = `the broker does not let us ${refusal.operation} to ${subject}`;
    const right = `allow our user to ${refusal.operation} to ${rightFor(subject)}`;
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
      // Where the broker maps the inputs strangers are let in, and must not speak through it.
      acknowledges: !isMapped,
    };
  }

  /** What is to be said against a stream that is not ours; null if nothing is. */
  #warningOf(name: string, maxAgeMs: number): string | null {
    const { retentionMs } = this.#options;
    if (retentionMs === 0 || (maxAgeMs > 0 && maxAgeMs < retentionMs)) return null;
    return `the stream ${name} keeps messages as long as RETENTION_DAYS or longer: a pruned id that is still in it would count as new`;
  }
}

/** Asks the writer where to go on in a stream that the broker describes by `info`. Null as with {@link Attachment.find}. */
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
