// All receivers of a program: each notice goes to those that want it. Receivers can change while the program runs. It
// decides nothing about a message: `receiver.ts` does.

import type { Part } from '../lib/part.ts';
import { isChosen } from './choice.ts';
import type { Notice } from './notice.ts';
import {
  type Delivered,
  Receiver,
  type ReceiverCounts,
  type ReceiverParts,
  type ReceiverSettings,
  type ReceiverView,
} from './receiver.ts';

/** A receiver, and what it wants to be told. */
export interface ReceiverConfig extends ReceiverSettings {
  /** Names of nodes, with `*` for any characters; `['*']` is every node, `[]` none. */
  readonly nodes: readonly string[];
  /** Kinds of events. */
  readonly events: readonly string[];
}

/** What became of a test message. */
export interface TestOutcome {
  readonly name: string;
  readonly form: string;
  readonly delivered: Delivered;
  /** Time that the request took, in ms. */
  readonly tookMs: number;
}

interface Running {
  readonly config: ReceiverConfig;
  readonly receiver: Receiver;
}

const NOTHING: ReceiverCounts = { waiting: 0, sent: 0, failed: 0, dropped: 0 };

/** The receivers of one program. */
export class Receivers implements Part {
  readonly #parts: ReceiverParts;
  #running: readonly Running[];
  #isStarted = false;
  /** Receivers that were removed and have not ended yet. */
  readonly #leaving = new Set<Receiver>();
  /** Counts of receivers that are gone. */
  #gone = NOTHING;

  constructor(configs: readonly ReceiverConfig[], parts: ReceiverParts) {
    this.#parts = parts;
    this.#running = configs.map((config) => this.#make(config));
  }

  get views(): readonly ReceiverView[] {
    return this.#running.map(({ receiver }) => receiver.view);
  }

  /** Counts of all receivers together, also of those that were removed. */
  get totals(): ReceiverCounts {
    const all = [...this.#running.map(({ receiver }) => receiver), ...this.#leaving];
    return all.reduce((sum, { view }) => added(sum, view.counts), this.#gone);
  }

  /** Which receivers are away and why, as one sentence; null if none is. */
  get problem(): string | null {
    const away = this.views.filter(({ problem }) => problem !== null);
    const [first] = away;
    if (first === undefined) return null;
    const others = away.length === 1 ? '' : `, and ${away.length - 1} more`;
    return `the receiver ${first.name} takes no notifications: ${first.problem}${others}`;
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    await Promise.all(this.#running.map(({ receiver }) => receiver.start()));
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    await Promise.all(this.#running.map(({ receiver }) => receiver.stop()));
  }

  /** Tells the receivers that want the notice. Never throws. */
  tell(notice: Notice): void {
    for (const { config, receiver } of this.#running) if (isChosen(config, notice)) receiver.tell(notice);
  }

  /** Replaces the receivers. One whose description is the same goes on; what waits for another is dropped. */
  change(configs: readonly ReceiverConfig[]): void {
    const before = new Map(this.#running.map((each) => [JSON.stringify(each.config), each]));
    this.#running = configs.map((config) => {
      const kept = before.get(JSON.stringify(config));
      if (kept !== undefined) {
        before.delete(JSON.stringify(config));
        return kept;
      }
      const made = this.#make(config);
      if (this.#isStarted) void made.receiver.start();
      return made;
    });
    for (const { receiver } of before.values()) void this.#leave(receiver);
  }

  /** Posts a test message to the receiver of this name, or to all; empty if there is none. Never rejects. */
  test(notice: Notice, name: string | null): Promise<readonly TestOutcome[]> {
    const chosen = this.#running.filter(({ config }) => name === null || config.name === name);
    const { clock } = this.#parts;
    return Promise.all(
      chosen.map(async ({ config, receiver }) => {
        const startedMs = clock.monotonicMs();
        const delivered = await receiver.test(notice);
        const tookMs = Math.round(clock.monotonicMs() - startedMs);
        return { name: config.name, form: config.form, delivered, tookMs };
      }),
    );
  }

  #make(config: ReceiverConfig): Running {
    return { config, receiver: new Receiver(config, this.#parts) };
  }

  async #leave(receiver: Receiver): Promise<void> {
    this.#leaving.add(receiver);
    await receiver.stop();
    this.#leaving.delete(receiver);
    this.#gone = added(this.#gone, receiver.view.counts);
  }
}

function added(one: ReceiverCounts, other: ReceiverCounts): ReceiverCounts {
  return {
    waiting: one.waiting + other.waiting,
    sent: one.sent + other.sent,
    failed: one.failed + other.failed,
    dropped: one.dropped + other.dropped,
  };
}
