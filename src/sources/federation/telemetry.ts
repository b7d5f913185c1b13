// Where the federation speaks: reads the broker's stream from our own position, or plain NATS where there is no
// JetStream. Finds the stream, begins again after every reconnection, and knows whether it has caught up.

import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import {
  connectBroker,
  describe,
  type NatsConnection,
  type NatsOptions,
  pause,
  type Subscription,
} from '../../io/nats.ts';
import { mapsInputs } from '../../io/mapping.ts';
import { credentialOf } from '../../io/message-credential.ts';
import { type StreamMessage, StreamReader } from '../../io/stream-reader.ts';
import {
  type JetStreamManager,
  keepStream,
  listStreams,
  openJetStream,
  isRefusal,
  storedAtMs,
} from '../../io/streams.ts';
import { BrokerClock } from './broker-clock.ts';
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

export interface TelemetryOptions {
  readonly nats: NatsOptions;
  readonly mode: 'auto' | 'jetstream' | 'core';
  readonly streamMaxAgeMs: number;
  readonly streamMaxBytes: number;
  /** 0: for ever. */
  readonly retentionMs: number;
  readonly pullMessages: number;
  readonly pullsOutstanding: number;
  readonly pingIntervalMs: number;
  readonly catchingUpAgeMs: number;
}

export interface TelemetryParts {
  message(message: TelemetryMessage): void;
  /** The broker answered: time passes on the observed clock. */
  heard(): void;
  /** The connection is gone. */
  lost(): void;
  /** Nothing more comes for a moment. */
  resting(): void;
  /** Reading begins anew from the position. */
  restart(): void;
  log(level: 'info' | 'warn' | 'error', sentence: string): void;
  /** Nothing more can come, because a setting forbids what this broker offers. */
  fatal(error: CodedError): void;
  clock: Clock;
}

/** One message; `seq` is null on plain NATS, where `atMs` is the moment of receipt. */
export type TelemetryMessage = Omit<StreamMessage, 'seq' | 'pending'> & { readonly seq: number | null };

/** What our stream takes on a broker that maps the inputs. */
const MAPPED_SUBJECTS = 'ingest.>';
/** A broker that had JetStream is asked again so often before plain NATS is read instead. */
const TRIES_WITHOUT_JETSTREAM = 10;
const DUPLICATE_WINDOW_MS = 100;
const RETRY_MS = 1000;
/**
 * A stream that was there is being deleted: made again before that is done, it would exist and store nothing (seen with
 * nats-server 2.9.10).
 */
const REMAKE_REST_MS = 1000;

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #position: Position;
  readonly #parts: TelemetryParts;
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #reader: StreamReader | null = null;
  #plain: Subscription[] = [];
  #pinger: NodeJS.Timeout | null = null;
  #isPaused = false;
  #attempt = 0;
  /** The stream's last sequence when we attached: caught up once we are there. */
  #targetSeq = 0;
  #readSeq = 0;
  #committedSeq = 0;
  /** When the broker stored the newest message read; when we attach, a time before that of every unread one. */
  #newestMs = 0;
  readonly #brokerClock = new BrokerClock();
  #hasAttached = false;
  #withoutJetStream = 0;

  /** Whether the inputs arrive under `ingest.`, as on our own broker; asked when we attach. */
  isMapped = false;
  mode: 'jetstream' | 'core' | null = null;
  isConnected = false;
  isConsuming = false;
  problem: string | null = 'not connected to the broker yet';
  reconnects = 0;
  pending = 0;

  constructor(options: TelemetryOptions, position: Position, parts: TelemetryParts) {
    this.#options = options;
    this.#position = position;
    this.#parts = parts;
  }

  /** True from attaching until the stream's end of that moment is committed, and whenever we are far behind. */
  get isCatchingUp(): boolean {
    if (!this.#hasAttached) return true;
    if (this.mode !== 'jetstream') return false;
    if (this.#committedSeq < this.#targetSeq) return true;
    // While nothing more is asked for, how much is pending is not known.
    return (
      (this.pending > 0 || this.#isPaused) &&
      this.#brokerNowMs - this.#newestMs > this.#options.catchingUpAgeMs
    );
  }

  /** Broker clock minus ours; null before a message was read live, and on plain NATS, where messages carry no time. */
  get clockOffsetMs(): number | null {
    const { clock } = this.#parts;
    const brokerMs = this.#brokerClock.nowMs(clock.monotonicMs());
    return brokerMs === null ? null : Math.round(brokerMs - clock.nowMs());
  }

  /** Age of the oldest message that the stream holds beyond those read, or a little more; 0 if it holds none. */
  get unreadAgeMs(): number {
    if (this.mode !== 'jetstream' || this.pending === 0) return 0;
    return Math.max(0, this.#brokerNowMs - this.#newestMs);
  }

  /** By our own clock while nothing is known of the broker's. */
  get #brokerNowMs(): number {
    const { clock } = this.#parts;
    return this.#brokerClock.nowMs(clock.monotonicMs()) ?? clock.nowMs();
  }

  /** False while messages may be waiting that we do not take: time that then passes is nobody's silence. */
  get isReading(): boolean {
    return this.isConsuming && !(this.#isPaused && this.mode === 'jetstream');
  }

  /** The writer has committed everything up to this sequence. */
  committed(seq: number): void {
    this.#committedSeq = Math.max(this.#committedSeq, seq);
  }

  /** Connects, for as long as it takes, and begins to read. */
  async start(): Promise<void> {
    const connection = await connectBroker(
      'truebit-aggregator-ingest',
      this.#options.nats,
      {
        onConnected: (server) => this.#connected(server),
        onDisconnected: () => this.#disconnected(),
        onUnreachable: (reason) => {
          this.problem = `the broker cannot be reached: ${reason}`;
          this.#parts.log(
            'warn',
            `broker: cannot be reached at ${this.#options.nats.servers.join(', ')} (${reason}); trying again until it answers`,
          );
        },
      },
      this.#stop.signal,
    );
    if (connection === null) return;
    this.#connection = connection;
    this.#pinger = setInterval(() => void this.#ping(connection), this.#options.pingIntervalMs);
    await this.#attach(connection);
  }

  /** Takes no more than is already under way; on plain NATS, where nobody can be held back, does nothing. */
  pause(): void {
    this.#isPaused = true;
    this.#brokerClock.away();
    this.#reader?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#reader?.resume();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#pinger !== null) clearInterval(this.#pinger);
    this.#reader?.stop();
    this.isConsuming = false;
    await this.#connection?.close();
  }

  #connected(server: string): void {
    const isReturn = this.#connection !== null;
    this.isConnected = true;
    this.#parts.log(
      'info',
      isReturn ? `broker: connected again to ${server}` : `broker: connected to ${server}`,
    );
    if (this.#connection === null) return;
    this.problem = 'connected again; finding our place in the stream';
    this.reconnects++;
    void this.#attach(this.#connection);
  }

  #disconnected(): void {
    if (this.#stop.signal.aborted) return;
    this.isConnected = false;
    this.isConsuming = false;
    this.problem = 'the connection to the broker is lost; trying again';
    this.#reader?.stop();
    this.#attempt++;
    this.#parts.lost();
    this.#parts.log('warn', 'broker: connection lost; trying again until it answers');
  }

  async #ping(connection: NatsConnection): Promise<void> {
    try {
      await connection.flush();
      if (this.isConnected) this.#parts.heard();
    } catch {
      // The status of the connection says it better.
    }
  }

  /** Tries until it reads or another attempt replaces this one (after a reconnection). */
  async #attach(connection: NatsConnection): Promise<void> {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt && !this.#stop.signal.aborted;
    let isReported = false;
    while (isCurrent()) {
      try {
        await this.#begin(connection, isCurrent);
        return;
      } catch (error) {
        // What forbids a start is, later, an outage like any other.
        if (error instanceof CodedError && !this.#hasAttached) {
          this.problem = error.message;
          this.#parts.fatal(error);
          return;
        }
        this.problem = `the stream cannot be read: ${describe(error)}`;
        if (!isReported && isCurrent()) this.#parts.log('warn', `broker: ${this.problem}; trying again`);
        isReported = true;
        await pause(RETRY_MS, this.#stop.signal);
      }
    }
  }

  async #begin(connection: NatsConnection, isCurrent: () => boolean): Promise<void> {
    this.#reader?.stop();
    const isMapped = await mapsInputs(connection);
    const manager = this.#options.mode === 'core' ? null : await openJetStream(connection);
    if (!isCurrent()) return;
    this.isMapped = isMapped;
    if (manager === null) {
      if (this.mode === 'jetstream' && this.#withoutJetStream++ < TRIES_WITHOUT_JETSTREAM) {
        throw new Error('the broker has no JetStream any more');
      }
      if (this.#options.mode === 'jetstream') {
        throw new CodedError(
          'jetstream_unavailable',
          'INGEST_MODE is jetstream, but the broker or this account has no JetStream: switch it on there, or set INGEST_MODE=auto.',
        );
      }
      this.#readPlain(connection, this.mode === 'jetstream' ? 'the broker lost its JetStream' : null);
      return;
    }
    this.#withoutJetStream = 0;
    const streams = await listStreams(manager);
    const existing = streams.find((stream) => stream.config.name === OUR_STREAM) ?? null;
    const inputs = inputSubjects(this.isMapped);
    const choice = chooseStream(
      streams.map((stream) => ({ name: stream.config.name, subjects: stream.config.subjects })),
      inputs,
    );
    if (!isCurrent()) return;
    if (choice.type === 'none') {
      if (this.#options.mode === 'jetstream')
        throw new CodedError('jetstream_unavailable', `INGEST_MODE is jetstream, but ${choice.reason}.`);
      this.#readPlain(connection, choice.reason);
      return;
    }
    if (choice.type === 'ours' && !choice.exists && this.mode === 'jetstream') {
      await pause(REMAKE_REST_MS, this.#stop.signal);
      if (!isCurrent()) return;
    }
    const theirs =
      choice.type === 'theirs' ? streams.find((stream) => stream.config.name === choice.name) : undefined;
    const info =
      theirs ??
      (await this.#keep(
        manager,
        {
          name: OUR_STREAM,
          subjects: this.isMapped ? [MAPPED_SUBJECTS] : inputs,
          maxAgeMs: this.#options.streamMaxAgeMs,
          maxBytes: this.#options.streamMaxBytes,
          duplicateWindowMs: DUPLICATE_WINDOW_MS,
          // Where the broker maps the inputs strangers are let in, and must not speak through it.
          acknowledges: !this.isMapped,
        },
        existing,
      ));
    await this.#readStream(connection, manager, info.config.name, isCurrent);
    if (theirs !== undefined && isCurrent())
      this.#warnOfTheirs(theirs.config.name, theirs.config.max_age / 1e6);
  }

  /** Makes or mends our stream; a broker that refuses it is fatal at start where the settings insist on JetStream. */
  async #keep(...request: Parameters<typeof keepStream>): ReturnType<typeof keepStream> {
    try {
      return await keepStream(...request);
    } catch (error) {
      if (this.#options.mode !== 'jetstream' || !isRefusal(error)) throw error;
      const sentence = `The broker refuses the stream ${OUR_STREAM} (${describe(error)}): change STREAM_MAX_AGE or STREAM_MAX_BYTES, or give the broker more room.`;
      throw new CodedError('stream_settings', sentence, { cause: error });
    }
  }

  async #readStream(
    connection: NatsConnection,
    manager: JetStreamManager,
    name: string,
    isCurrent: () => boolean,
  ): Promise<void> {
    const info = await manager.streams.info(name);
    const facts: StreamFacts = {
      name,
      created: info.created,
      firstSeq: info.state.first_seq,
      lastSeq: info.state.last_seq,
    };
    for (const subscription of this.#plain.splice(0)) subscription.unsubscribe();
    // What was read of the stream and not handed over yet is read again from the position.
    this.#parts.restart();
    const known = await this.#position.lastKnown(facts);
    const atMs = known === null ? null : await storedAtMs(manager, name, known);
    if (!isCurrent()) return;
    const nextSeq = await this.#position.attach(facts, atMs);
    if (!isCurrent()) return;
    this.#targetSeq = facts.lastSeq;
    this.#readSeq = nextSeq - 1;
    this.#committedSeq = nextSeq - 1;
    this.#newestMs = Math.max(atMs ?? 0, Date.parse(info.state.first_ts));
    const reader = new StreamReader(
      connection,
      {
        stream: name,
        inboxPrefix: this.#options.nats.inboxPrefix,
        pullMessages: this.#options.pullMessages,
        pullsOutstanding: this.#options.pullsOutstanding,
      },
      {
        message: (message) => {
          this.pending = message.pending;
          this.#readSeq = message.seq;
          this.#newestMs = message.atMs;
          this.#brokerClock.read(message.atMs, message.heardMs);
          this.#parts.message(message);
        },
        ended: (askedMs) => this.#brokerClock.ended(askedMs),
        drained: () => {
          this.pending = 0;
          // What was there when we attached may have been removed since.
          this.#targetSeq = Math.min(this.#targetSeq, this.#readSeq);
        },
        resting: () => this.#parts.resting(),
        broken: (reason) => {
          this.isConsuming = false;
          this.problem = `reading the stream broke off: ${reason}`;
          if (!isCurrent()) return;
          this.#parts.log('warn', `broker: ${this.problem}; beginning again from our position`);
          void this.#attach(connection);
        },
      },
    );
    if (this.#isPaused) reader.pause();
    this.#reader = reader;
    this.#brokerClock.away();
    const askedMs = this.#parts.clock.monotonicMs();
    this.pending = await reader.start(manager, nextSeq);
    if (this.pending === 0) {
      this.#brokerClock.ended(askedMs);
      // Nothing from our position on, though the stream had counted further: those messages are gone.
      this.#position.nothingUpTo(facts.lastSeq);
      this.#targetSeq = this.#readSeq;
    }
    if (!isCurrent()) {
      reader.stop();
      return;
    }
    this.#reading('jetstream', null);
    this.#parts.log(
      'info',
      `broker: reading the stream ${name} from sequence ${nextSeq}, ${this.pending} messages waiting`,
    );
  }

  #readPlain(connection: NatsConnection, reason: string | null): void {
    this.#position.detach();
    // After a reconnection the client has renewed its subscriptions itself.
    if (this.#plain.length === 0) {
      this.#plain = inputSubjects(this.isMapped).map((input) =>
        connection.subscribe(input, {
          callback: (error, message) => {
            if (error !== null) return;
            const { subject, data: payload } = message;
            const { clock } = this.#parts;
            const [atMs, heardMs] = [clock.nowMs(), clock.monotonicMs()];
            this.#parts.message({
              subject,
              payload,
              seq: null,
              atMs,
              heardMs,
              credential: credentialOf(message),
            });
          },
        }),
      );
    }
    this.#reading('core', reason);
    const why = reason === null ? 'the broker has no JetStream, or INGEST_MODE is core' : reason;
    this.#parts.log(
      'warn',
      `broker: reading plain NATS (${why}); what is published while we are away is not seen`,
    );
  }

  #reading(mode: 'jetstream' | 'core', problem: string | null): void {
    this.mode = mode;
    this.problem = problem;
    this.isConsuming = true;
    this.#hasAttached = true;
  }

  #warnOfTheirs(name: string, maxAgeMs: number): void {
    const { retentionMs } = this.#options;
    if (retentionMs === 0 || (maxAgeMs > 0 && maxAgeMs < retentionMs)) return;
    this.problem = `the stream ${name} keeps messages as long as RETENTION_DAYS or longer: a pruned id that is still in it would count as new`;
    this.#parts.log('warn', `broker: ${this.problem}`);
  }
}
