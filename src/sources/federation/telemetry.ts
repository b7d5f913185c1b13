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
  settled,
} from '../../io/nats.ts';
import { isOfProbe, mapsInputs } from '../../io/mapping.ts';
import { type Refusal, Refusals } from '../../io/refusals.ts';
import type { WantedStream } from '../../io/stream-settings.ts';
import { type StreamMessage, StreamReader } from '../../io/stream-reader.ts';
import {
  countFrom,
  JETSTREAM_QUESTION,
  type JetStreamManager,
  listStreams,
  openJetStream,
  storedAtMs,
  type StreamInfo,
} from '../../io/streams.ts';
import { BrokerClock } from './broker-clock.ts';
import { Faults } from './faults.ts';
import { keepOurStream, StreamRefused } from './our-stream.ts';
import { PlainInputs } from './plain-inputs.ts';
import { Stall, type StreamState, unreadOf } from './stall.ts';
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
  /** Time before what the broker refuses is tried again. */
  readonly refusedRetryMs: number;
  /** Least time between two looks for messages that the stream holds and does not give. */
  readonly stallLookMs: number;
  /** Such messages are a stall after this long. */
  readonly stallAfterMs: number;
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

/** The stream to read, and what is to be said against it. */
interface ChosenStream {
  readonly manager: JetStreamManager;
  readonly name: string;
  readonly warning: string | null;
}

const ALLOW_STREAM =
  'allow our user to publish to $JS.API.>, and to subscribe to _INBOX.> (_AGG.> if it is named aggregator)';
const ALLOW_INPUTS = 'what is published there is not counted; allow our user to subscribe to all six inputs';
const JETSTREAM_REFUSED = `the broker does not let us publish to ${JETSTREAM_QUESTION}, so its JetStream is not used: allow our user $JS.API.>, or set INGEST_MODE=core`;
/** What our stream takes on a broker that maps the inputs. */
const MAPPED_SUBJECTS = 'ingest.>';
/** A broker that had JetStream is asked again so often before plain NATS is read instead. */
const TRIES_WITHOUT_JETSTREAM = 10;
const DUPLICATE_WINDOW_MS = 100;
const RETRY_MS = 1000;
/** How often a reader is asked whether the broker answers it, after one that was never answered. */
const PROOF_LOOK_MS = 100;
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
  readonly #plain: PlainInputs;
  readonly #refusals = new Refusals();
  readonly #faults: Faults;
  readonly #stall: Stall;
  #lookedMs = -Infinity;
  /** The reader before was never answered: the next one is believed when it is. */
  #isUnproven = false;
  #isAttaching = false;
  /** Attaching only to see whether what was refused is allowed now. */
  #isRecheck = false;
  #pinger: NodeJS.Timeout | null = null;
  #rechecker: NodeJS.Timeout | null = null;
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
  /** Some messages of nodes cannot reach us, though others may: the time that passes is no node's silence. */
  isMissing = false;

  constructor(options: TelemetryOptions, position: Position, parts: TelemetryParts) {
    this.#options = options;
    this.#position = position;
    this.#parts = parts;
    this.#plain = new PlainInputs(parts.clock, (message) => parts.message(message));
    this.#faults = new Faults((level, sentence) => parts.log(level, sentence));
    this.#stall = new Stall(options.stallAfterMs);
  }

  /** What is wrong although the broker is connected; null if nothing is. */
  get fault(): string | null {
    return this.#faults.sentence;
  }

  /** What the broker refuses at the moment. */
  get refusals(): number {
    return this.#refusals.size;
  }

  /** True from attaching until the stream's end of that moment is committed, and whenever we are far behind. */
  get isCatchingUp(): boolean {
    if (!this.#hasAttached) return true;
    if (this.mode !== 'jetstream') return false;
    if (this.#committedSeq < this.#targetSeq) return true;
    // While nothing more is asked for, how much is pending is not known.
    return (
      ((this.pending > 0 && this.#stall.unread === 0) || this.#isPaused) &&
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
    if (this.isMissing || this.#stall.unread > 0) return false;
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
        onDisconnected: (reason) => this.#disconnected(reason),
        onRefused: (refusal) => this.#refuse(refusal),
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
    this.#rechecker = setInterval(() => this.#recheck(connection), this.#options.refusedRetryMs);
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
    if (this.#rechecker !== null) clearInterval(this.#rechecker);
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

  #disconnected(reason: string | null): void {
    if (this.#stop.signal.aborted) return;
    this.isConnected = false;
    this.isConsuming = false;
    this.problem = 'the connection to the broker is lost; trying again';
    this.#reader?.stop();
    this.#attempt++;
    this.#parts.lost();
    const why = reason === null ? '' : `; the broker said "${reason}"`;
    this.#parts.log('warn', `broker: connection lost${why}; trying again until it answers`);
  }

  async #ping(connection: NatsConnection): Promise<void> {
    try {
      await connection.flush();
      this.#noteReading();
      if (this.isConnected) this.#parts.heard();
    } catch {
      // The status of the connection says it better.
    }
  }

  /** The broker denies something. While we attach that is noticed there; else we attach again, to see what is left. */
  #refuse(refusal: Refusal): void {
    if (isOfProbe(refusal.exactSubject)) return;
    this.#refusals.add(refusal);
    if (this.#connection !== null && this.isConnected && !this.#isAttaching)
      void this.#attach(this.#connection);
  }

  /** Sees whether what is wrong is still so. */
  #recheck(connection: NatsConnection): void {
    if (!this.isConnected || this.#isAttaching) return;
    const isFallback = this.mode === 'core' && this.problem !== null;
    if (this.fault !== null || this.#refusals.size > 0 || isFallback) void this.#attach(connection, true);
  }

  /** Tries until it reads or another attempt replaces this one (after a reconnection). */
  async #attach(connection: NatsConnection, isRecheck = false): Promise<void> {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt && !this.#stop.signal.aborted;
    this.#isAttaching = true;
    this.#isRecheck = isRecheck;
    let reported: string | null = null;
    while (isCurrent()) {
      try {
        await this.#begin(connection, isCurrent);
        break;
      } catch (error) {
        // Refusals are told a moment after the answer that they kept back.
        await new Promise((resolve) => setImmediate(resolve));
        if (!isCurrent()) return;
        this.isConsuming = false;
        // What forbids a start is, later, an outage like any other.
        if (error instanceof CodedError && !this.#hasAttached) {
          this.problem = error.message;
          this.#parts.fatal(error);
          return;
        }
        const isRefused = error instanceof StreamRefused || this.#refusals.size > 0;
        this.#explain(error);
        if (!isRefused && reported !== this.problem) {
          this.#parts.log('warn', `broker: ${this.problem}; trying again`);
          reported = this.problem;
        }
        await pause(isRefused ? this.#options.refusedRetryMs : RETRY_MS, this.#stop.signal);
      }
    }
    if (isCurrent()) this.#isAttaching = false;
  }

  /** Says why the stream cannot be read. */
  #explain(error: unknown): void {
    const denied = this.#refusals.describe();
    this.problem = `the stream cannot be read: ${denied ?? describe(error)}`;
    if (error instanceof StreamRefused) this.#faults.begin('settings', error.message);
    if (denied === null) this.#faults.drop('refused');
    else this.#faults.begin('refused', `${this.problem}; ${ALLOW_STREAM}`, denied);
  }

  async #begin(connection: NatsConnection, isCurrent: () => boolean): Promise<void> {
    this.#reader?.stop();
    // What is still refused is refused again.
    const wasLimited = this.#refusals.has('any', null);
    this.#refusals.clear();
    if (wasLimited) this.#plain.close();
    const isMapped = await mapsInputs(connection);
    const manager = this.#options.mode === 'core' ? 'none' : await openJetStream(connection);
    if (!isCurrent()) return;
    this.isMapped = isMapped;
    if (typeof manager === 'string') {
      if (this.mode === 'jetstream' && this.#withoutJetStream++ < TRIES_WITHOUT_JETSTREAM) {
        throw new Error('the broker has no JetStream any more');
      }
      if (this.#options.mode === 'jetstream') {
        throw new CodedError(
          'jetstream_unavailable',
          manager === 'refused'
            ? `INGEST_MODE is jetstream, but the broker does not let our user publish to ${JETSTREAM_QUESTION}: allow it $JS.API.>, or set INGEST_MODE=auto.`
            : 'INGEST_MODE is jetstream, but the broker or this account has no JetStream: switch it on there, or set INGEST_MODE=auto.',
        );
      }
      const why = this.mode === 'jetstream' ? 'the broker lost its JetStream' : null;
      await this.#readPlain(connection, isCurrent, manager === 'refused' ? JETSTREAM_REFUSED : why);
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
      await this.#readPlain(connection, isCurrent, choice.reason);
      return;
    }
    if (choice.type === 'ours' && !choice.exists && this.mode === 'jetstream') {
      await pause(REMAKE_REST_MS, this.#stop.signal);
      if (!isCurrent()) return;
    }
    const theirs =
      choice.type === 'theirs' ? streams.find((stream) => stream.config.name === choice.name) : undefined;
    const ours = theirs === undefined ? await keepOurStream(manager, this.#wanted(inputs), existing) : null;
    if (!isCurrent()) return;
    const fault = ours?.fault ?? null;
    if (fault === null) this.#faults.end('settings');
    else this.#faults.begin('settings', fault.sentence, fault.key);
    this.isMissing = fault?.keepsMessagesOut === true;
    const name = theirs?.config.name ?? OUR_STREAM;
    const warning = theirs === undefined ? null : this.#warningOf(name, theirs.config.max_age / 1e6);
    await this.#readStream(connection, { manager, name, warning }, isCurrent);
    if (isCurrent()) this.#faults.end('refused');
  }

  #wanted(inputs: readonly string[]): WantedStream {
    return {
      name: OUR_STREAM,
      subjects: this.isMapped ? [MAPPED_SUBJECTS] : inputs,
      maxAgeMs: this.#options.streamMaxAgeMs,
      maxBytes: this.#options.streamMaxBytes,
      duplicateWindowMs: DUPLICATE_WINDOW_MS,
      // Where the broker maps the inputs strangers are let in, and must not speak through it.
      acknowledges: !this.isMapped,
    };
  }

  async #readStream(
    connection: NatsConnection,
    { manager, name, warning: problem }: ChosenStream,
    isCurrent: () => boolean,
  ): Promise<void> {
    const info = await manager.streams.info(name);
    const facts: StreamFacts = {
      name,
      created: info.created,
      firstSeq: info.state.first_seq,
      lastSeq: info.state.last_seq,
    };
    this.#plain.close();
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
    this.#noteReading();
    this.#lookedMs = -Infinity;
    let isBegun = false;
    let brokenBy: string | null = null;
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
          this.#noteReading();
          this.pending = this.#stall.unread;
          void this.#look(manager, name, isCurrent);
        },
        resting: () => this.#parts.resting(),
        broken: (reason) => {
          this.#isUnproven = !reader.isProven;
          brokenBy = reason;
          if (!isBegun || !isCurrent()) return;
          this.isConsuming = false;
          this.problem = `reading the stream broke off: ${reason}`;
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
      // Nothing from our position on, though the stream had counted further: those messages are gone. If by its own account
      // they are not, that is looked at when a pull brought nothing.
      if ((unreadOf(stateOf(info), this.#readSeq) ?? 0) === 0) {
        this.#position.nothingUpTo(facts.lastSeq);
        this.#targetSeq = this.#readSeq;
        this.#stall.over();
        this.#noteReading();
      }
    }
    await settled(connection);
    while (this.#isUnproven && reader.isUnanswered && !this.#isPaused && isCurrent())
      await pause(PROOF_LOOK_MS, this.#stop.signal);
    if (!isCurrent() || brokenBy !== null || this.#refusals.size > 0) {
      reader.stop();
      if (!isCurrent()) return;
      throw new Error(brokenBy ?? 'the broker refuses it');
    }
    isBegun = true;
    this.#isUnproven = false;
    this.#reading('jetstream', problem, {
      level: 'info',
      sentence: `broker: reading the stream ${name} from sequence ${nextSeq}, ${this.pending} messages waiting`,
    });
  }

  /** A pull brought nothing. Asks the stream, not too often, whether it holds something all the same. */
  async #look(manager: JetStreamManager, name: string, isCurrent: () => boolean): Promise<void> {
    const { clock } = this.#parts;
    if (clock.monotonicMs() - this.#lookedMs < this.#options.stallLookMs) return;
    this.#lookedMs = clock.monotonicMs();
    const readSeq = this.#readSeq;
    try {
      const state = stateOf(await manager.streams.info(name));
      const unread = unreadOf(state, readSeq) ?? (await countFrom(manager, name, readSeq + 1));
      if (!isCurrent() || this.#readSeq !== readSeq || this.#isPaused) return;
      this.#stall.looked({ readSeq, lastSeq: state.lastSeq, unread, atMs: clock.monotonicMs() });
    } catch {
      // A broker that does not answer, or does not let us ask, is noticed elsewhere.
      return;
    }
    // What was there when we attached may have been removed since.
    if (this.#stall.unread === 0) this.#targetSeq = Math.min(this.#targetSeq, readSeq);
    const stalled = this.#stall.stalled;
    if (stalled !== null) {
      const { unread, lastSeq, forMs } = stalled;
      this.pending = unread;
      this.#faults.begin(
        'stall',
        `the stream ${name} counts ${unread} messages beyond sequence ${readSeq}, up to ${lastSeq}, and the broker has given none for ${Math.floor(forMs / 1000)} s: look at its log, at its disk and at the stream's files in its store folder; if they are gone, restart the broker or purge the stream`,
        name,
      );
    }
    this.#noteReading();
  }

  #noteReading(): void {
    this.#stall.read(this.#readSeq);
    if (this.#stall.unread === 0) this.#faults.end('stall');
  }

  async #readPlain(
    connection: NatsConnection,
    isCurrent: () => boolean,
    reason: string | null,
  ): Promise<void> {
    this.#position.detach();
    this.#plain.subscribe(connection, inputSubjects(this.isMapped));
    await settled(connection);
    if (!isCurrent()) return;
    this.#stall.over();
    for (const kind of ['stall', 'settings'] as const) this.#faults.drop(kind);
    const denied = this.#refusals.describe(JETSTREAM_QUESTION);
    this.isMissing = denied !== null;
    if (denied === null) this.#faults.end('refused');
    else this.#faults.begin('refused', `${denied}: ${ALLOW_INPUTS}`, denied);
    const why = reason ?? 'the broker has no JetStream, or INGEST_MODE is core';
    this.#reading('core', reason, {
      level: 'warn',
      sentence: `broker: reading plain NATS (${why}); what is published while we are away is not seen`,
    });
  }

  /** It reads, in a mode and perhaps with a warning. A recheck that changed nothing is not told. */
  #reading(
    mode: 'jetstream' | 'core',
    problem: string | null,
    told: { readonly level: 'info' | 'warn'; readonly sentence: string },
  ): void {
    const isNews = !this.#isRecheck || !this.isConsuming || this.mode !== mode || this.problem !== problem;
    this.mode = mode;
    this.problem = problem;
    this.isConsuming = true;
    this.#hasAttached = true;
    if (!isNews) return;
    this.#parts.log(told.level, told.sentence);
    if (mode === 'jetstream' && problem !== null) this.#parts.log('warn', `broker: ${problem}`);
  }

  /** What is to be said against a stream that is not ours; null if nothing is. */
  #warningOf(name: string, maxAgeMs: number): string | null {
    const { retentionMs } = this.#options;
    if (retentionMs === 0 || (maxAgeMs > 0 && maxAgeMs < retentionMs)) return null;
    return `the stream ${name} keeps messages as long as RETENTION_DAYS or longer: a pruned id that is still in it would count as new`;
  }
}

function stateOf({ state }: StreamInfo): StreamState {
  return { firstSeq: state.first_seq, lastSeq: state.last_seq, deleted: state.num_deleted ?? 0 };
}
