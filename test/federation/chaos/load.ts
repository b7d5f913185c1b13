// The load of a run: waves of simulated monitors, each heard for a while and never again, with repeats of old messages
// and rubbish in between. Messages that the broker misses while it is away do not count: the stream decides.

import type { NatsConnection } from 'nats';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import type { PlannedMessage } from '../../../src/federation/simulator/statement.ts';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { rubbishFor, VALID } from '../../support/rubbish.ts';
import { until } from '../../support/until.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Scenario } from './scenario.ts';

/** A message, and its meaning; null if it must be rejected. */
export interface LoadMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly planned: PlannedMessage | null;
}

const STEP_MS = 25;
/** A delayed load catches up at no more than this many times its pace. */
const CATCH_UP_SPEED = 4;
const FLUSH_TIME_MAX_MS = 1000;
/** The largest rubbish: messages far above the limit prove nothing more, and fill the stream. */
const RUBBISH_BYTES_MAX = 20_000;
const RUBBISH = VALID.flatMap(({ subject }, index) =>
  rubbishFor(index)
    .filter(({ payload }) => payload.length <= RUBBISH_BYTES_MAX)
    .map(({ payload }): LoadMessage => ({ subject, payload, planned: null })),
);

export class Load {
  /** Every message sent so far, in order; some may have been lost on the way to the broker. */
  readonly said: LoadMessage[] = [];
  readonly #connection: NatsConnection;
  readonly #scenario: Scenario;
  readonly #random: Random;
  /** Planned messages not yet sent, in order of time. */
  #ahead: PlannedMessage[] = [];
  #wave = 0;
  #planMs = 0;
  #isPaused = false;
  #isOver = false;
  #step: Promise<void> = Promise.resolve();

  constructor(connection: NatsConnection, scenario: Scenario) {
    this.#connection = connection;
    this.#scenario = scenario;
    this.#random = createRandom(scenario.seed, 'load');
    void this.#run();
  }

  /** Sends nothing more until {@link resume}; resolves when the broker has every message sent. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#step;
    // A flush that fails with a lost connection proves nothing.
    const isFlushed = () =>
      this.#connection.flush().then(
        () => true,
        () => false,
      );
    await until('the broker to have what was said', isFlushed, PATIENCE_MS);
  }

  resume(): void {
    this.#isPaused = false;
  }

  async stop(): Promise<void> {
    await this.pause();
    this.#isOver = true;
  }

  async #run(): Promise<void> {
    let lastMs = performance.now();
    while (!this.#isOver) {
      const nowMs = performance.now();
      if (!this.#isPaused) {
        this.#planMs += Math.min(nowMs - lastMs, STEP_MS * CATCH_UP_SPEED);
        this.#step = this.#say();
        await this.#step;
      }
      lastMs = nowMs;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }

  async #say(): Promise<void> {
    this.#planAhead();
    const { duplicates, rubbish } = this.#scenario.load;
    let due = this.#ahead.findIndex(({ atMs }) => atMs > this.#planMs);
    if (due < 0) due = this.#ahead.length;
    for (const planned of this.#ahead.splice(0, due)) {
      this.#publish({ subject: planned.subject, payload: planned.payload, planned });
      if (this.#random.chance(rubbish)) this.#publish(this.#random.pick(RUBBISH));
      // A repeat of any earlier message, also about tasks and nodes that are pruned by now.
      if (this.#random.chance(duplicates / 4)) this.#publish(this.#random.pick(this.said));
    }
    // The load waits for the broker; while the broker is away or stopped, only for a short time.
    const flushed = this.#connection.flush().catch(() => undefined);
    await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, FLUSH_TIME_MAX_MS).unref())]);
  }

  #publish(message: LoadMessage): void {
    this.said.push(message);
    this.#connection.publish(message.subject, message.payload);
  }

  #planAhead(): void {
    const { load, seed } = this.#scenario;
    while (this.#wave * load.waveMs <= this.#planMs) {
      const startMs = this.#wave * load.waveMs;
      const { messages } = createPlan({
        nodes: load.nodesPerWave,
        ratePerMinute: load.ratePerMinute,
        durationMs: load.waveMs * 1.2,
        seed: seed + this.#wave,
        nonce: `chaos-${seed}-${this.#wave}`,
        duplicates: load.duplicates,
        disagree: 0.1,
        startAtMs: 0,
      });
      this.#ahead.push(...messages.map((message) => ({ ...message, atMs: startMs + message.atMs })));
      this.#ahead.sort((left, right) => left.atMs - right.atMs);
      this.#wave++;
    }
  }
}
