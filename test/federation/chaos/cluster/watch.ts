// Listens to the published statistics as a monitor does, at every broker: totals never fall, no period is older than one
// that was sent before, and ticks come in time.

import { connect, type NatsConnection } from 'nats';
import {
  decodePublication,
  createTicks,
  type Ticks,
} from '../../../../src/federation/simulator/publication.ts';

/**
 * Totals that only grow. Failed and cached tasks are not among them: when another node reports a better outcome of a task,
 * it moves from one of these counts to another (docs/federation.md#outcome-of-a-task).
 */
const LIFETIME = ['totalNodes', 'totalTasks', 'completedTasks', 'totalInvoices'] as const;

export interface Heard {
  readonly atMs: number;
  readonly timestampMs: number;
  readonly period: string;
}

export class StatisticsWatch implements AsyncDisposable {
  readonly complaints: string[] = [];
  readonly heard: Heard[] = [];
  readonly ticks: Ticks = createTicks('');
  readonly #connection: NatsConnection;
  readonly #greatest = new Map<string, number>();
  #waiting: (() => void)[] = [];
  #newestMs = 0;

  static async start(urls: readonly string[]): Promise<StatisticsWatch> {
    return new StatisticsWatch(
      await connect({
        servers: [...urls],
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        pingInterval: 500,
        maxPingOut: 2,
      }),
    );
  }

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe('truebit.stats.>', {
      callback: (error, message) => {
        if (error === null) this.#hear(message.data);
      },
    });
  }

  /** Resolves with the next statistics message. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The longest time without a whole tick between two moments (of `performance.now()`), in ms. */
  longestGapMs(fromMs: number, toMs: number): number {
    const times = this.heard.filter(({ period, atMs }) => period === 'all' && atMs >= fromMs && atMs <= toMs);
    const marks = [fromMs, ...times.map(({ atMs }) => atMs), toMs];
    return Math.max(...marks.slice(1).map((mark, index) => mark - (marks[index] ?? mark)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }

  #hear(payload: Uint8Array): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    const publication = decodePublication(payload);
    if (publication === null) {
      this.complaints.push('something that is no statistics message was published');
      return;
    }
    this.ticks.add(payload);
    const { period, data, timestamp } = publication;
    const timestampMs = Date.parse(timestamp);
    this.heard.push({ atMs: performance.now(), timestampMs, period });
    if (timestampMs < this.#newestMs)
      this.complaints.push(`${period} of ${timestamp} came after a later tick`);
    this.#newestMs = Math.max(this.#newestMs, timestampMs);
    if (period !== 'all') return;
    for (const total of LIFETIME) {
      const value = Number(data[total]);
      const before = this.#greatest.get(total) ?? 0;
      if (value < before) this.complaints.push(`${total} fell from ${before} to ${value}`);
      this.#greatest.set(total, Math.max(before, value));
    }
  }
}
