// One connection's sender: it confirms what it publishes, and after a loss comes back at random as an agent does and
// publishes again only what is unconfirmed. It decides no time of sending: that is the plan's.

import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Dial, NodeConnection } from './fleet-connection.ts';
import type { SignatureHeaders } from './signature.ts';
import type { LoadMessage } from './statement.ts';

/** What a node tells its fleet, and what it needs of it. */
export interface FleetNodeParts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly random: Random;
  /** The headers of a message; null for none. */
  readonly headersOf: (message: LoadMessage) => SignatureHeaders | null;
  /** True while the broker counts as unreachable: attempts fail without being made. */
  readonly isAway: () => boolean;
  /** The broker has answered a PING that followed the publication, after this time. */
  onConfirmed(message: LoadMessage, afterMs: number): void;
  /** An unconfirmed message is published again. */
  onResent(message: LoadMessage): void;
  onLost(node: FleetNode): void;
  onBack(node: FleetNode, awayMs: number): void;
  /** The broker forbids something. */
  onRefused(reason: string): void;
  /** Called whenever {@link FleetNode.isBusy} may have changed. */
  onState(node: FleetNode): void;
}

/** The delays of an agent: at random between 0 and this, which doubles with each failed attempt up to the second. */
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;

interface Outgoing {
  readonly message: LoadMessage;
  publishedAtMs: number;
  wasPublished: boolean;
}

/** The delay before the attempt that follows `failures` failed ones; `share` is random, from 0 to below 1. */
export function agentDelayMs(failures: number, share: number): number {
  return share * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures);
}

/** One connection and the messages that go over it. */
export class FleetNode {
  readonly #parts: FleetNodeParts;
  #connection: NodeConnection | null = null;
  #waiting: Outgoing[] = [];
  #unconfirmed: Outgoing[] = [];
  #isConfirming = false;
  #isStarting = false;
  #isClosed = false;

  constructor(parts: FleetNodeParts) {
    this.#parts = parts;
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** True if messages wait or are unconfirmed. */
  get hasWork(): boolean {
    return this.#waiting.length + this.#unconfirmed.length > 0;
  }

  /** True if it has work and a connection to do it with. */
  get isBusy(): boolean {
    return this.isConnected && this.hasWork;
  }

  /** Number of messages that are not confirmed yet. */
  get unconfirmed(): number {
    return this.#waiting.length + this.#unconfirmed.length;
  }

  /** Connects for the first time; rejects if that fails. */
  async connect(): Promise<string> {
    const connection = await this.#parts.dial((reason) => this.#parts.onRefused(reason));
    this.#attach(connection);
    return connection.brokerVersion;
  }

  send(message: LoadMessage): void {
    this.#waiting.push({ message, publishedAtMs: 0, wasPublished: false });
    this.#parts.onState(this);
    if (this.#isStarting) return;
    // All messages of one batch share a round trip.
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      void this.#confirm();
    });
  }

  /** Ends the connection at once; the node comes back by itself. */
  cut(): void {
    const connection = this.#connection;
    if (connection === null) return;
    connection.cut();
    this.#lose(connection);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    this.cut();
  }

  #attach(connection: NodeConnection): void {
    if (this.#isClosed) {
      connection.cut();
      return;
    }
    this.#connection = connection;
    void connection.ended.then(() => this.#lose(connection));
    this.#parts.onState(this);
    void this.#confirm();
  }

  /** Publishes what waits and waits for the answer, until nothing waits. One round trip is under way at a time. */
  async #confirm(): Promise<void> {
    const connection = this.#connection;
    if (this.#isConfirming || connection === null || this.#waiting.length === 0) return;
    this.#isConfirming = true;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#unconfirmed = batch;
    try {
      for (const outgoing of batch) this.#publish(connection, outgoing);
      await connection.flush();
    } catch {
      this.#isConfirming = false;
      connection.cut();
      this.#lose(connection);
      // The node may be back already.
      void this.#confirm();
      return;
    }
    this.#isConfirming = false;
    // The answer came, and the connection was lost before this line: the messages are confirmed all the same.
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#unconfirmed === batch) this.#unconfirmed = [];
    else this.#waiting = this.#waiting.filter((outgoing) => !batch.includes(outgoing));
    for (const { message, publishedAtMs } of batch) this.#parts.onConfirmed(message, nowMs - publishedAtMs);
    this.#parts.onState(this);
    void this.#confirm();
  }

  #publish(connection: NodeConnection, outgoing: Outgoing): void {
    const { message } = outgoing;
    outgoing.publishedAtMs = this.#parts.clock.monotonicMs();
    connection.publish(message.subject, message.payload, this.#parts.headersOf(message));
    if (outgoing.wasPublished) this.#parts.onResent(message);
    outgoing.wasPublished = true;
  }

  #lose(connection: NodeConnection): void {
    if (connection !== this.#connection) return;
    this.#connection = null;
    this.#waiting = [...this.#unconfirmed, ...this.#waiting];
    this.#unconfirmed = [];
    if (!this.#isClosed) this.#parts.onLost(this);
    this.#parts.onState(this);
    void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    const { clock, wait, random, dial, isAway } = this.#parts;
    const lostAtMs = clock.monotonicMs();
    for (let failures = 0; !this.#isClosed; failures += 1) {
      try {
        await wait(agentDelayMs(failures, random.next()));
      } catch {
        // The run was interrupted.
        return;
      }
      if (this.#isClosed || isAway()) continue;
      const connection = await dial((reason) => this.#parts.onRefused(reason)).catch(() => null);
      if (connection === null) continue;
      this.#parts.onBack(this, clock.monotonicMs() - lostAtMs);
      this.#attach(connection);
      return;
    }
  }
}
