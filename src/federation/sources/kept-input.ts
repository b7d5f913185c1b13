// Keeps the connection of the source thread to the broker, and lets a reading attach over it: again after every
// reconnection, after reading broke off, and while the broker refuses something. It does not know what is read, and sees
// no message.

import { type Backoff, backoffMs } from '../../lib/backoff.ts';
import { randomShare } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { isOfProbe } from '../broker/mapping.ts';
import { connectBroker, type NatsConnection, type NatsOptions, pause } from '../../io/nats.ts';
import type { Refusal } from '../../io/refusals.ts';
import { isOfTidying } from '../../io/stream-reader.ts';
import type { CatchUp } from './catch-up.ts';
import type { Begun, Broken, KeptReading } from './kept-reading.ts';

/** Settings of keeping the connection. */
export interface KeptInputOptions {
  readonly nats: NatsOptions;
  readonly pingIntervalMs: number;
  /** Time before an operation that the broker refuses is tried again. */
  readonly refusedRetryMs: number;
}

/** Callbacks of a {@link KeptInput}. */
export interface KeptInputParts {
  log(level: 'info' | 'warn' | 'error', sentence: string): void;
  /** Called when the broker has answered: the observed clock advances. */
  heard(): void;
  /** Called when reading has begun, also after a reconnection. */
  begun(): void;
  /** Called when the connection is lost. */
  lost(): void;
  /** Called when no message can ever arrive, because a setting forbids what this broker offers. */
  fatal(error: CodedError): void;
}

/**
 * Interval of pings on the connection: the observed clock advances at their answers
 * (docs/federation.md#observed-clock).
 */
export const PING_INTERVAL_MS = 5_000;
/** Time before a failed attempt is repeated. */
const RETRY: Backoff = { leastMs: 1_000, mostMs: 2_000 };
/** Losses of the connection that are logged before reading begins again; an outage may bring one every few seconds. */
const LOSSES_TOLD = 3;
/** Maximum time that a stop waits for the broker. */
const STOP_FLUSH_MS = 200;

/** The source's connection to the broker. */
export class KeptInput<R extends KeptReading> {
  /** The current reading. The source thread uses it directly for facts that it needs for each message. */
  readonly reading: R;
  readonly #options: KeptInputOptions;
  readonly #parts: KeptInputParts;
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #isAttaching = false;
  /** True while attaching only to check whether refused operations are allowed now. */
  #isRecheck = false;
  #pinger: NodeJS.Timeout | null = null;
  #rechecker: NodeJS.Timeout | null = null;
  #attempt = 0;
  /** Losses of the connection since reading began the last time. */
  #losses = 0;
  /** The problem that was logged last since then. */
  #reported: string | null = null;

  isConnected = false;
  isConsuming = false;
  problem: string | null = 'not connected to the broker yet';
  reconnects = 0;

  constructor(options: KeptInputOptions, reading: R, parts: KeptInputParts) {
    this.#options = options;
    this.#parts = parts;
    this.reading = reading;
  }

  /** The progress of reading. */
  get catchUp(): CatchUp {
    return this.reading.catchUp;
  }

  get mode(): 'jetstream' | 'core' | null {
    return this.catchUp.mode;
  }

  get isCatchingUp(): boolean {
    return this.catchUp.isCatchingUp;
  }

  /** Number of messages in the stream after those read. */
  get pending(): number {
    return this.catchUp.pending;
  }

  get unreadAgeMs(): number {
    return this.catchUp.unreadAgeMs;
  }

  /** The faults while the broker is connected; null if there are none. */
  get fault(): string | null {
    return this.reading.fault;
  }

  /** All faults, and the reason why nothing is read; null if there are none. */
  get reason(): string | null {
    const { fault, problem } = this;
    if (!this.isConnected || fault === null) return problem;
    return problem === null || fault.includes(problem) ? fault : `${fault}; ${problem}`;
  }

  /** Number of refusals in force. */
  get refusals(): number {
    return this.reading.refusals.size;
  }

  /** True if some messages of nodes cannot arrive, although others may. */
  get isMissing(): boolean {
    return this.reading.isMissing;
  }

  /**
   * False while messages may be waiting that the source does not take: that time must not count as silence of a node.
   */
  get isReading(): boolean {
    return this.isConsuming && !this.reading.isKeptBack;
  }

  /** Records that the writer has committed everything up to this sequence. */
  committed(seq: number): void {
    this.catchUp.committedSeq = Math.max(this.catchUp.committedSeq, seq);
  }

  /** Connects, however long that takes, and begins to read. */
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

  /** Requests no further messages; no effect on plain NATS, which cannot be paused. */
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
    // Gives the last messages time to reach the broker, if it is there.
    const late = new AbortController();
    const flushed = this.#connection.flush().catch(() => undefined);
    await Promise.race([flushed, pause(STOP_FLUSH_MS, late.signal)]);
    late.abort();
    await this.#connection.close();
  }

  #connected(server: string): void {
    const isReturn = this.#connection !== null;
    this.isConnected = true;
    if (this.#losses <= LOSSES_TOLD)
      this.#parts.log(
        'info',
        isReturn ? `broker: connected again to ${server}` : `broker: connected to ${server}`,
      );
    if (this.#connection === null) return;
    this.problem = 'connected again; finding the position in the stream';
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
    this.#losses += 1;
    if (this.#losses > LOSSES_TOLD) return;
    const why = reason === null ? '' : `; the broker said "${reason}"`;
    const more = this.#losses < LOSSES_TOLD ? '' : ', and further losses are not logged until reading begins';
    this.#parts.log('warn', `broker: connection lost${why}; trying again until it answers${more}`);
  }

  async #ping(connection: NatsConnection): Promise<void> {
    try {
      await connection.flush();
      this.reading.noteReading();
      if (this.isConnected) this.#parts.heard();
    } catch {
      // The status of the connection reports the failure better.
    }
  }

  /**
   * The broker refuses an operation. An attempt in progress notices that itself; otherwise this attaches again, to find
   * out what is still possible.
   */
  #refuse(refusal: Refusal): void {
    if (isOfProbe(refusal.exactSubject) || isOfTidying(refusal.exactSubject)) return;
    this.reading.refusals.add(refusal);
    if (this.#connection !== null && this.isConnected && !this.#isAttaching)
      void this.#attach(this.#connection);
  }

  /** Checks whether the problems still exist. */
  #recheck(connection: NatsConnection): void {
    if (!this.isConnected || this.#isAttaching) return;
    const isFallback = this.mode === 'core' && this.problem !== null;
    if (this.fault !== null || this.refusals > 0 || isFallback) void this.#attach(connection, true);
  }

  /** Tries until reading succeeds or another attempt, after a reconnection, replaces this one. */
  async #attach(connection: NatsConnection, isRecheck = false): Promise<void> {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt && !this.#stop.signal.aborted;
    const { signal } = this.#stop;
    this.#isAttaching = true;
    this.#isRecheck = isRecheck;
    for (let failures = 0; isCurrent(); failures += 1) {
      try {
        const broken: Broken = (reason, isQuiet) => this.#broken(connection, reason, isQuiet === true);
        const begun = await this.reading.begin(connection, { isCurrent, signal }, broken, isRecheck);
        // Reading may have broken off again at once.
        if (begun !== null && isCurrent()) this.#begun(begun);
        break;
      } catch (error) {
        // The client reports a refusal a moment after the request that it blocked has failed.
        await new Promise((resolve) => setImmediate(resolve));
        if (!isCurrent()) return;
        if (isRecheck && this.reading.isHealthy) {
          // Reading continues. The refusal is reported, and the next recheck examines it again.
          if (this.refusals > 0) this.reading.explain(error);
          break;
        }
        this.isConsuming = false;
        // Fatal only during start-up. Once the source has attached, the same error is an outage and retried.
        if (error instanceof CodedError && this.mode === null) {
          this.problem = error.message;
          this.#parts.fatal(error);
          return;
        }
        const { problem, isRefused } = this.reading.explain(error);
        this.problem = problem;
        if (!isRefused && this.#reported !== this.problem) {
          this.#parts.log('warn', `broker: ${this.problem}; trying again`);
          this.#reported = this.problem;
        }
        const retryMs = backoffMs(RETRY, failures, randomShare());
        await pause(isRefused ? this.#options.refusedRetryMs : retryMs, signal);
      }
    }
    if (isCurrent()) this.#isAttaching = false;
  }

  /** Reading has begun. A recheck that changed nothing is not logged. */
  #begun(begun: Begun): void {
    const { mode, problem, level, sentence } = begun;
    const isNews = !this.#isRecheck || !this.isConsuming || this.mode !== mode || this.problem !== problem;
    this.problem = problem;
    this.isConsuming = true;
    this.#losses = 0;
    this.#reported = null;
    if (isNews) {
      this.#parts.log(level, sentence);
      if (mode === 'jetstream' && problem !== null) this.#parts.log('warn', `broker: ${problem}`);
    }
    this.reading.begun(begun);
    this.#parts.begun();
  }

  #broken(connection: NatsConnection, reason: string, isQuiet: boolean): void {
    if (isQuiet) {
      void this.#attach(connection, true);
      return;
    }
    this.isConsuming = false;
    this.problem = `reading the stream broke off: ${reason}`;
    this.#parts.log('warn', `broker: ${this.problem}; beginning again from the position`);
    void this.#attach(connection);
  }
}
