// All connections of a load test: one for each node. It cuts them when the plan says so, and knows which node is back,
// what was confirmed, and what had to be sent again.

import { createHistogram } from 'node:perf_hooks';
import type { Clock } from '../../lib/clock.ts';
import { createRandom } from '../../lib/random.ts';
import type { Dial } from './fleet-connection.ts';
import { FleetNode } from './fleet-node.ts';
import type { SignatureHeaders } from './signature.ts';
import { countKey, type LoadMessage } from './statement.ts';

/** The size and the seed of a fleet. */
export interface FleetOptions {
  readonly connections: number;
  readonly seed: number;
  /** The connection of each node id. */
  readonly connectionOf: ReadonlyMap<string, number>;
}

/** What a fleet needs. */
export interface FleetParts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly headersOf: (message: LoadMessage) => SignatureHeaders | null;
}

/** What happened after one cut. */
export interface Outage {
  /** Number of connections that were lost in it. */
  readonly lost: number;
  /** Time from each loss to the node's new connection, in ms, in order of return. */
  readonly backAfterMs: readonly number[];
  /** Times of return, in ms after the outage began, in order. */
  readonly arrivalsMs: readonly number[];
  /** Number of connections that were lost again after their return, before the next cut. */
  readonly lostAgain: number;
  /** How long the broker counted as unreachable; 0 for a plain cut. */
  readonly awayMs: number;
}

/** Round-trip times in ms. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What a fleet has done. */
export interface FleetReport {
  readonly confirmed: number;
  /** Publications of messages that were published before and not confirmed, by {@link countKey}. */
  readonly resent: ReadonlyMap<string, number>;
  readonly outages: readonly Outage[];
  /** Number of connections that were lost outside an outage. */
  readonly lostUnplanned: number;
  /** From a publication to the broker's answer to the PING that followed it. */
  readonly latency: Latency;
  readonly brokerVersion: string;
}

interface OpenOutage {
  readonly startedAtMs: number;
  readonly awayMs: number;
  readonly lost: Set<FleetNode>;
  readonly returned: Set<FleetNode>;
  readonly backAfterMs: number[];
  readonly arrivalsMs: number[];
  lostAgain: number;
}

/** Connections that are dialled at the same time before the run. */
const DIALS_AT_ONCE = 50;
const SETTLE_INTERVAL_MS = 20;

/** All connections of a load test. */
export class Fleet {
  readonly #parts: FleetParts;
  readonly #nodes: readonly FleetNode[];
  readonly #connectionOf: ReadonlyMap<string, number>;
  readonly #busy = new Set<FleetNode>();
  readonly #latency = createHistogram();
  readonly #resent = new Map<string, number>();
  readonly #outages: OpenOutage[] = [];
  /** The outage in which a node lost the connection that it has not replaced yet. */
  readonly #lostIn = new Map<FleetNode, OpenOutage>();
  #idle: (() => void) | null = null;
  #confirmed = 0;
  #lostUnplanned = 0;
  #awayUntilMs = -Infinity;
  #refusal: string | null = null;
  #brokerVersion = 'unknown';

  constructor({ connections, seed, connectionOf }: FleetOptions, parts: FleetParts) {
    this.#parts = parts;
    this.#connectionOf = connectionOf;
    this.#nodes = Array.from(
      { length: connections },
      (_, number) =>
        new FleetNode({
          ...parts,
          random: createRandom(seed, `backoff ${number}`),
          isAway: () => parts.clock.monotonicMs() < this.#awayUntilMs,
          onConfirmed: (_message, afterMs) => this.#countConfirmed(afterMs),
          onResent: (message) => this.#countResent(message),
          onLost: (node) => this.#countLost(node),
          onBack: (node, awayMs) => this.#countBack(node, awayMs),
          onRefused: (reason) => void (this.#refusal ??= reason),
          onState: (node) => this.#follow(node),
        }),
    );
  }

  /** True if every connection is there now. */
  get isWhole(): boolean {
    return this.#nodes.every((node) => node.isConnected);
  }

  /** Number of connections that are there now. */
  get connected(): number {
    return this.#nodes.filter((node) => node.isConnected).length;
  }

  /** Makes all connections; rejects if one cannot be made. `onProgress` gets the number made so far. */
  async open(onProgress: (connected: number) => void): Promise<void> {
    let next = 0;
    let connected = 0;
    const dialInTurn = async (): Promise<void> => {
      for (let node = this.#nodes[next]; node !== undefined; node = this.#nodes[next]) {
        next += 1;
        this.#brokerVersion = await node.connect();
        connected += 1;
        onProgress(connected);
      }
    };
    await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dialInTurn));
  }

  /** Sends a message over the connection of its node, at once or as soon as the connection is there. */
  send(message: LoadMessage): void {
    const node = this.#nodes[this.#connectionOf.get(message.nodeId) ?? -1];
    if (node === undefined) throw new RangeError('a message of a node without a connection');
    node.send(message);
  }

  /** Resolves when every node that is connected has had all its messages confirmed. */
  async flush(): Promise<void> {
    if (this.#busy.size > 0) await new Promise<void>((resolve) => void (this.#idle = resolve));
    if (this.#refusal !== null) throw new Error(`The broker refuses an operation: ${this.#refusal}`);
  }

  /** Cuts every connection. For `awayMs` the broker then counts as unreachable. */
  cut(awayMs = 0): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.expectLosses(awayMs);
    this.#awayUntilMs = nowMs + awayMs;
    for (const node of this.#nodes) node.cut();
  }

  /** From now on lost connections belong to a new outage. */
  expectLosses(awayMs = 0): void {
    this.#outages.push({
      startedAtMs: this.#parts.clock.monotonicMs(),
      awayMs,
      lost: new Set(),
      returned: new Set(),
      backAfterMs: [],
      arrivalsMs: [],
      lostAgain: 0,
    });
  }

  /** True if a connection was lost since the last {@link cut} or {@link expectLosses}. */
  get hasLost(): boolean {
    return (this.#outages.at(-1)?.lost.size ?? 0) > 0;
  }

  /** Waits until every node is connected and has nothing unconfirmed; false if that takes longer than `timeMs`. */
  async settle(timeMs: number): Promise<boolean> {
    const deadlineMs = this.#parts.clock.monotonicMs() + timeMs;
    while (this.#nodes.some((node) => !node.isConnected || node.hasWork)) {
      if (this.#parts.clock.monotonicMs() > deadlineMs) return false;
      await this.#parts.wait(SETTLE_INTERVAL_MS);
    }
    await this.flush();
    return true;
  }

  /** Ends all connections for good. */
  close(): void {
    for (const node of this.#nodes) node.close();
  }

  report(): FleetReport {
    const { count } = this.#latency;
    const toMs = (microseconds: number) => (count === 0 ? 0 : microseconds / 1000);
    return {
      confirmed: this.#confirmed,
      resent: new Map(this.#resent),
      outages: this.#outages.map((outage) => ({
        lost: outage.lost.size,
        backAfterMs: [...outage.backAfterMs],
        arrivalsMs: [...outage.arrivalsMs],
        lostAgain: outage.lostAgain,
        awayMs: outage.awayMs,
      })),
      lostUnplanned: this.#lostUnplanned,
      latency: {
        count,
        p50Ms: toMs(this.#latency.percentile(50)),
        p99Ms: toMs(this.#latency.percentile(99)),
        maxMs: toMs(this.#latency.max),
      },
      brokerVersion: this.#brokerVersion,
    };
  }

  #follow(node: FleetNode): void {
    if (node.isBusy) this.#busy.add(node);
    else this.#busy.delete(node);
    if (this.#busy.size > 0) return;
    this.#idle?.();
    this.#idle = null;
  }

  #countConfirmed(afterMs: number): void {
    this.#confirmed += 1;
    this.#latency.record(Math.max(1, Math.round(afterMs * 1000)));
  }

  #countResent(message: LoadMessage): void {
    const key = countKey(message);
    this.#resent.set(key, (this.#resent.get(key) ?? 0) + 1);
  }

  #countLost(node: FleetNode): void {
    const outage = this.#outages.at(-1);
    if (outage === undefined) this.#lostUnplanned += 1;
    else if (outage.returned.has(node)) outage.lostAgain += 1;
    else {
      outage.lost.add(node);
      this.#lostIn.set(node, outage);
    }
  }

  #countBack(node: FleetNode, awayMs: number): void {
    const outage = this.#lostIn.get(node);
    if (outage === undefined) return;
    this.#lostIn.delete(node);
    outage.returned.add(node);
    outage.backAfterMs.push(awayMs);
    outage.arrivalsMs.push(this.#parts.clock.monotonicMs() - outage.startedAtMs);
  }
}
