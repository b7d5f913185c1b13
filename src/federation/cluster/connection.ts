// The main thread's one connection to the brokers of a cluster. It leaves a server that JetStream does not reach, because
// such a server keeps its clients for as long as it lives. It reads and writes nothing for others.

import { leaveServer } from '../../io/leave-server.ts';
import { connectBroker, type NatsConnection, type NatsOptions } from '../../io/nats.ts';
import { Refusals } from '../../io/refusals.ts';
import { JETSTREAM_QUESTION } from '../../io/streams.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';

/** What other parts of the main thread may use of the connection to the cluster. */
export interface ClusterAccess {
  /** The connection; null while it is down. Ask anew before each use. */
  connection(): NatsConnection | null;
  /** Calls `run` after the first connection and after each reconnection; at once if the connection is up. */
  onConnected(run: (connection: NatsConnection) => void): void;
}

/** What a {@link ClusterConnection} needs of its owner. */
export interface ClusterConnectionParts {
  /** Called at the start: how to reach the brokers. */
  nats(): NatsOptions;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  log(level: 'info' | 'warn', sentence: string): void;
}

/** Time between two questions that find out whether JetStream is reached, in ms. */
const ASK_MS = 2_000;
/** Time without an answer after which another server is tried, in ms. An election may take as long. */
const LEFT_AFTER_MS = 10_000;
const NOT_REACHED = "the cluster's brokers are not reached";

/** The connection, from its start to its stop. */
export class ClusterConnection implements Part, ClusterAccess {
  readonly #parts: ClusterConnectionParts;
  readonly #stop = new AbortController();
  readonly #listeners: ((connection: NatsConnection) => void)[] = [];
  readonly #refusals = new Refusals();
  #connection: NatsConnection | null = null;
  #isUp = false;
  #unreachable: string | null = null;
  /** When JetStream last answered, or when the connection was last made, on the monotonic clock. */
  #answeredMs = 0;
  /** True after a server was left, until one answers: a spell of changing servers is logged once. */
  #isLeaving = false;
  #timer: Timer | null = null;

  constructor(parts: ClusterConnectionParts) {
    this.#parts = parts;
  }

  /** Begins to connect, which may take any time. */
  async start(): Promise<void> {
    void this.#connect();
    this.#timer = this.#parts.timers.every(ASK_MS, () => void this.#ask());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    await this.#connection?.close();
  }

  connection(): NatsConnection | null {
    return this.#isUp ? this.#connection : null;
  }

  onConnected(run: (connection: NatsConnection) => void): void {
    this.#listeners.push(run);
    const connection = this.connection();
    if (connection !== null) run(connection);
  }

  /** Why this process does not reach the cluster; null if it does. */
  get problem(): string | null {
    if (!this.#isUp) return this.#unreachable === null ? NOT_REACHED : `${NOT_REACHED}: ${this.#unreachable}`;
    const refused = this.#refusals.describe();
    if (refused !== null) return refused;
    const silentMs = this.#parts.clock.monotonicMs() - this.#answeredMs;
    return silentMs < LEFT_AFTER_MS
      ? null
      : 'JetStream does not answer at any server that this process reaches';
  }

  async #connect(): Promise<void> {
    this.#connection = await connectBroker(
      'truebit-aggregator-cluster',
      this.#parts.nats(),
      {
        // The first call comes before the connection is known here.
        onConnected: () => this.#connected(),
        onDisconnected: () => {
          this.#isUp = false;
        },
        onUnreachable: (reason) => {
          this.#unreachable = reason;
          this.#parts.log(
            'warn',
            `cluster: the brokers cannot be reached (${reason}); trying again until one answers`,
          );
        },
        onRefused: (refusal) => void this.#refusals.add(refusal),
      },
      this.#stop.signal,
    );
    this.#connected();
  }

  #connected(): void {
    const connection = this.#connection;
    if (connection === null || connection.isClosed() || this.#isUp) return;
    this.#isUp = true;
    this.#unreachable = null;
    this.#refusals.clear();
    this.#answeredMs = this.#parts.clock.monotonicMs();
    for (const run of this.#listeners) run(connection);
  }

  async #ask(): Promise<void> {
    const connection = this.connection();
    if (connection === null) return;
    if (await answers(connection)) {
      this.#isLeaving = false;
      this.#answeredMs = this.#parts.clock.monotonicMs();
      return;
    }
    if (
      this.#parts.clock.monotonicMs() - this.#answeredMs < LEFT_AFTER_MS ||
      connection !== this.connection()
    )
      return;
    const server = connection.getServer();
    if (!this.#isLeaving)
      this.#parts.log('warn', `cluster: JetStream does not answer at ${server}; trying other servers`);
    this.#isLeaving = true;
    this.#answeredMs = this.#parts.clock.monotonicMs();
    await leaveServer(connection).catch(() => undefined);
  }
}

/** True if JetStream answers over this connection with anything but an error. */
async function answers(connection: NatsConnection): Promise<boolean> {
  try {
    const { data } = await connection.request(JETSTREAM_QUESTION, new Uint8Array(), { timeout: ASK_MS });
    return !Buffer.from(data).includes('"error"');
  } catch {
    return false;
  }
}
