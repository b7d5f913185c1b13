// The connection to the broker and the attempts to read from it: it attaches, again after every reconnection, and again while
// something is refused. It looks into no message, keeps none, and knows of no writer but its position.

import { type Backoff, backoffMs } from '../../lib/backoff.ts';
import { randomShare } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { isOfProbe } from '../broker/mapping.ts';
import { connectBroker, type NatsConnection, type NatsOptions, pause } from '../../io/nats.ts';
import type { Refusal } from '../../io/refusals.ts';
import { isOfTidying } from '../../io/stream-reader.ts';
import type { Position } from './attachment.ts';
import type { CatchUp } from './catch-up.ts';
import { type Begun, Reading, type ReadingOptions, type ReadingParts } from './reading.ts';

export interface TelemetryOptions extends ReadingOptions {
  readonly nats: NatsOptions;
  readonly pingIntervalMs: number;
  /** Time before what the broker refuses is tried again. */
  readonly refusedRetryMs: number;
}

export interface TelemetryParts extends ReadingParts {
  /** The broker answered: time passes on the observed clock. */
  heard(): void;
  /** The connection is gone. */
  lost(): void;
  /** Nothing more can come, because a setting forbids what this broker offers. */
  fatal(error: CodedError): void;
}

/**
 * Time between two pings on the connection: the observed clock advances at their answers
 * (docs/federation.md#observed-clock).
 */
export const PING_INTERVAL_MS = 5_000;
/** Time before an attempt that failed is made again. */
const RETRY: Backoff = { leastMs: 1_000, mostMs: 2_000 };
/** A stop waits no longer for the broker. */
const STOP_FLUSH_MS = 200;

export class Telemetry {
  /** What is read. The source thread asks it directly what it must know of each message. */
  readonly reading: Reading;
  readonly #options: TelemetryOptions;
  readonly #parts: TelemetryParts;
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #isAttaching = false;
  /** Attaching only to see whether what was refused is allowed now. */
  #isRecheck = false;
  #pinger: NodeJS.Timeout | null = null;
  #rechecker: NodeJS.Timeout | null = null;
  #attempt = 0;

  isConnected = false;
  isConsuming = false;
  problem: string | null = 'not connected to the broker yet';
  reconnects = 0;

  constructor(options: TelemetryOptions, position: Position, parts: TelemetryParts) {
    this.#options = options;
    this.#parts = parts;
    this.reading = new Reading(options, position, parts);
  }

  /** How far reading has come. */
  get catchUp(): CatchUp {
    return this.reading.catchUp;
  }

  get mode(): 'jetstream' | 'core' | null {
    return this.catchUp.mode;
  }

  get isCatchingUp(): boolean {
    return this.catchUp.isCatchingUp;
  }

  /** Messages that the stream holds beyond those read. */
  get pending(): number {
    return this.catchUp.pending;
  }

  get unreadAgeMs(): number {
    return this.catchUp.unreadAgeMs;
  }

  /** What is wrong although the broker is connected; null if nothing is. */
  get fault(): string | null {
    return this.reading.fault;
  }

  /** All that is to be said of reading: what is wrong, and what keeps us from reading; null if nothing is. */
  get reason(): string | null {
    const { fault, problem } = this;
    if (!this.isConnected || fault === null) return problem;
    return problem === null || fault.includes(problem) ? fault : `${fault}; ${problem}`;
  }

  /** What the broker refuses at the moment. */
  get refusals(): number {
    return this.reading.refusals.size;
  }

  /** Some messages of nodes cannot reach us, though others may. */
  get isMissing(): boolean {
    return this.reading.isMissing;
  }

  /** False while messages may be waiting that we do not take: time that then passes is nobody's silence. */
  get isReading(): boolean {
    return this.isConsuming && !this.reading.isKeptBack;
  }

  /** The writer has committed everything up to this sequence. */
  committed(seq: number): void {
    this.catchUp.committedSeq = Math.max(this.catchUp.committedSeq, seq);
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
    this.reading.pause();
  }

  resume(): void {
    this.reading.resume();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#pinger !== null) clearInterval(this.#pinger);
    if (this.#rechecker !== null) clearInterval(this.#rechecker);
    this.reading.stop();
    this.isConsuming = false;
    if (this.#connection === null) return;
    // What was said last is to reach the broker, if it is there.
    const late = new AbortController();
    const flushed = this.#connection.flush().catch(() => undefined);
    await Promise.race([flushed, pause(STOP_FLUSH_MS, late.signal)]);
    late.abort();
    await this.#connection.close();
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
    this.reading.stop();
    this.#attempt++;
    this.#parts.lost();
    const why = reason === null ? '' : `; the broker said "${reason}"`;
    this.#parts.log('warn', `broker: connection lost${why}; trying again until it answers`);
  }

  async #ping(connection: NatsConnection): Promise<void> {
    try {
      await connection.flush();
      this.reading.noteReading();
      if (this.isConnected) this.#parts.heard();
    } catch {
      // The status of the connection says it better.
    }
  }

  /** The broker denies something. While we attach that is noticed there; else we attach again, to see what is left. */
  #refuse(refusal: Refusal): void {
    if (isOfProbe(refusal.exactSubject) || isOfTidying(refusal.exactSubject)) return;
    this.reading.refusals.add(refusal);
    if (this.#connection !== null && this.isConnected && !this.#isAttaching)
      void this.#attach(this.#connection);
  }

  /** Sees whether what is wrong is still so. */
  #recheck(connection: NatsConnection): void {
    if (!this.isConnected || this.#isAttaching) return;
    const isFallback = this.mode === 'core' && this.problem !== null;
    if (this.fault !== null || this.refusals > 0 || isFallback) void this.#attach(connection, true);
  }

  /** Tries until it reads or another attempt replaces this one (after a reconnection). */
  async #attach(connection: NatsConnection, isRecheck = false): Promise<void> {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt && !this.#stop.signal.aborted;
    const { signal } = this.#stop;
    this.#isAttaching = true;
    this.#isRecheck = isRecheck;
    let reported: string | null = null;
    for (let failures = 0; isCurrent(); failures += 1) {
      try {
        const broken = (reason: string) => this.#broken(connection, reason);
        const begun = await this.reading.begin(connection, { isCurrent, signal }, broken, isRecheck);
        // It may have broken off again at once.
        if (begun !== null && isCurrent()) this.#begun(begun);
        break;
      } catch (error) {
        // Refusals are told a moment after the answer that they kept back.
        await new Promise((resolve) => setImmediate(resolve));
        if (!isCurrent()) return;
        if (isRecheck && this.reading.isHealthy) {
          // It reads on; what is refused is told, and the next recheck sees whether it still is.
          if (this.refusals > 0) this.reading.explain(error);
          break;
        }
        this.isConsuming = false;
        // What forbids a start is, later, an outage like any other.
        if (error instanceof CodedError && this.mode === null) {
          this.problem = error.message;
          this.#parts.fatal(error);
          return;
        }
        const { problem, isRefused } = this.reading.explain(error);
        this.problem = problem;
        if (!isRefused && reported !== this.problem) {
          this.#parts.log('warn', `broker: ${this.problem}; trying again`);
          reported = this.problem;
        }
        const retryMs = backoffMs(RETRY, failures, randomShare());
        await pause(isRefused ? this.#options.refusedRetryMs : retryMs, signal);
      }
    }
    if (isCurrent()) this.#isAttaching = false;
  }

  /** It reads. A recheck that changed nothing is not told. */
  #begun(begun: Begun): void {
    const { mode, problem, level, sentence } = begun;
    const isNews = !this.#isRecheck || !this.isConsuming || this.mode !== mode || this.problem !== problem;
    this.problem = problem;
    this.isConsuming = true;
    if (isNews) {
      this.#parts.log(level, sentence);
      if (mode === 'jetstream' && problem !== null) this.#parts.log('warn', `broker: ${problem}`);
    }
    this.reading.begun(begun);
  }

  #broken(connection: NatsConnection, reason: string): void {
    this.isConsuming = false;
    this.problem = `reading the stream broke off: ${reason}`;
    this.#parts.log('warn', `broker: ${this.problem}; beginning again from our position`);
    void this.#attach(connection);
  }
}
