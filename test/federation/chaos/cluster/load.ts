// The load of a cluster's run: simulated monitors, spread over the brokers. Each has one broker, and goes to another while
// its own is away, as deployed monitors do. What a broker that dies has taken and not stored is not said: the streams
// decide.

import { connect, type NatsConnection } from 'nats';
import { createPlan } from '../../../../src/federation/simulator/plan.ts';
import type { PlannedMessage } from '../../../../src/federation/simulator/statement.ts';
import { createRandom } from '../../../../src/lib/random.ts';
import { rubbishFor, VALID } from '../../../support/rubbish.ts';
import { keyOf, type Meaning } from './meaning.ts';

export interface LoadOptions {
  readonly seed: number;
  readonly perSecond: number;
  /** Share of rubbish, 0 … 1. */
  readonly rubbish: number;
}

const STEP_MS = 25;
/** Seconds of one wave: monitors come, speak for this long, and are never heard again. */
const WAVE_SECONDS = 10;
const RATE_PER_MINUTE = 300;
const RUBBISH_BYTES_MAX = 20_000;
const RUBBISH = VALID.flatMap(({ subject }, index) =>
  rubbishFor(index)
    .filter(({ payload }) => payload.length <= RUBBISH_BYTES_MAX)
    .map(({ payload }) => ({ subject, payload })),
);

export class ClusterLoad implements AsyncDisposable {
  /** What every message that was sent means; null for rubbish. */
  readonly meaning: Meaning = new Map();
  sent = 0;
  readonly #connections: readonly NatsConnection[];
  readonly #options: LoadOptions;
  #ahead: PlannedMessage[] = [];
  #wave = 0;
  #planMs = 0;
  #isOver = false;
  #run: Promise<void> = Promise.resolve();

  static async start(urls: readonly string[], options: LoadOptions): Promise<ClusterLoad> {
    const connections = await Promise.all(
      urls.map((own) =>
        connect({
          servers: [own, ...urls.filter((url) => url !== own)],
          noRandomize: true,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 100,
          pingInterval: 2_000,
        }),
      ),
    );
    return new ClusterLoad(connections, options);
  }

  private constructor(connections: readonly NatsConnection[], options: LoadOptions) {
    this.#connections = connections;
    this.#options = options;
    this.#run = this.#send();
  }

  /** Sends nothing more; resolves when the brokers have everything. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#run;
    for (const connection of this.#connections) await connection.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#run;
    for (const connection of this.#connections) await connection.close();
  }

  async #send(): Promise<void> {
    const random = createRandom(this.#options.seed, 'load');
    let lastMs = performance.now();
    while (!this.#isOver) {
      const nowMs = performance.now();
      this.#planMs += Math.min(nowMs - lastMs, 4 * STEP_MS);
      lastMs = nowMs;
      this.#planAhead();
      let due = this.#ahead.findIndex(({ atMs }) => atMs > this.#planMs);
      if (due < 0) due = this.#ahead.length;
      for (const planned of this.#ahead.splice(0, due)) {
        const connection = this.#connections[homeOf(planned.nodeId) % this.#connections.length];
        this.#publish(connection, planned.subject, planned.payload, planned);
        if (!random.chance(this.#options.rubbish)) continue;
        const { subject, payload } = random.pick(RUBBISH);
        this.#publish(connection, subject, payload, null);
      }
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }

  #publish(
    connection: NatsConnection | undefined,
    subject: string,
    payload: Uint8Array,
    planned: PlannedMessage | null,
  ): void {
    this.meaning.set(keyOf(subject, payload), planned?.content ?? null);
    this.sent++;
    connection?.publish(subject, payload);
  }

  #planAhead(): void {
    const { seed, perSecond } = this.#options;
    while (this.#wave * WAVE_SECONDS * 1000 <= this.#planMs) {
      const startMs = this.#wave * WAVE_SECONDS * 1000;
      const { messages } = createPlan({
        nodes: Math.max(2, Math.round((perSecond * 60) / RATE_PER_MINUTE)),
        ratePerMinute: RATE_PER_MINUTE,
        durationMs: WAVE_SECONDS * 1000,
        seed: seed + this.#wave,
        nonce: `cluster-${seed}-${this.#wave}`,
        duplicates: 0.1,
        disagree: 0.1,
        startAtMs: 0,
        isOrderFree: true,
      });
      for (const message of messages) this.#ahead.push({ ...message, atMs: startMs + message.atMs });
      this.#ahead.sort((left, right) => left.atMs - right.atMs);
      this.#wave++;
    }
  }
}

/** The broker of a monitor: any choice that depends on its id alone. */
function homeOf(nodeId: string): number {
  return nodeId.charCodeAt(nodeId.length - 1) + nodeId.charCodeAt(nodeId.length - 2);
}
