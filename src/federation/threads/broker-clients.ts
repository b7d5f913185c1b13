// The main thread's own connections to the broker: one publishes statistics, the other answers nodes that want to join.
// It starts and stops both as one part.

import type { Settings } from '../config/settings.ts';
import type { Known } from './known.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Log } from '../../io/log.ts';
import type { NatsOptions } from '../../io/nats.ts';
import type { JoinOutcome } from '../sinks/join-answer.ts';
import { JoinResponder } from '../sinks/join-responder.ts';
import type { StatisticsMessage } from '../sinks/payload.ts';
import { Publisher } from '../sinks/publisher.ts';

/** What {@link BrokerClients} needs of the main thread. */
export interface BrokerClientsParts {
  readonly log: Log;
  readonly known: Known;
  /** The address of the broker and the login; read at the start. */
  nats(): NatsOptions;
  /** Called with the outcome of each request to join. */
  joined(outcome: JoinOutcome): void;
}

/** The publisher of statistics and the responder to join requests. */
export class BrokerClients implements Part {
  readonly #isPublishing: boolean;
  /** In a cluster statistics go through a stream instead. */
  readonly #isClustered: boolean;
  readonly #publisher: Publisher;
  readonly #joins: JoinResponder;

  constructor(
    settings: Pick<Settings, 'publish' | 'authMode' | 'limits' | 'cluster'>,
    parts: BrokerClientsParts,
  ) {
    const { known, nats } = parts;
    const log = (level: 'info' | 'warn', sentence: string) => parts.log[level](sentence);
    const { monotonicMs } = systemClock;
    this.#isPublishing = settings.publish.enabled;
    this.#isClustered = settings.cluster !== null;
    this.#publisher = new Publisher({
      nats,
      signer: () => known.opened.signer,
      isBrokerThere: () => known.status(monotonicMs())?.connected === true,
      monotonicMs,
      log,
    });
    this.#joins = new JoinResponder({
      nats,
      // Each request is answered by one process of a cluster.
      queue: settings.cluster === null ? null : 'truebit-aggregator',
      context: () => ({
        isRequired: settings.authMode === 'required',
        aggregatorId: known.aggregatorId,
        salt: known.opened.salt,
        statsKey: known.opened.signer.publicKey,
        keys: known.keys,
        ratePerMinute: settings.limits.ratePerMinute,
      }),
      counted: parts.joined,
      log,
      monotonicMs,
    });
  }

  async start(): Promise<void> {
    if (!this.#isClustered) await this.#publisher.start();
    if (this.#isPublishing) await this.#joins.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#publisher.stop(), this.#joins.stop()]);
  }

  /**
   * Signs and publishes the messages, and waits until the broker has all of them; false if the broker is away or
   * refuses some.
   */
  publish(messages: readonly StatisticsMessage[]): Promise<boolean> {
    return this.#publisher.publish(messages);
  }

  /**
   * Why the latest statistics did not reach the broker although it is connected; null if they did, or if none were due.
   */
  get publishProblem(): string | null {
    return this.#publisher.problem;
  }

  /** Why no node can join; null if nodes can, or there is no connection. */
  get joinProblem(): string | null {
    return this.#joins.problem;
  }

  /** Number of refusals by the broker that concern these two connections. */
  get refusals(): number {
    return this.#publisher.refusals + (this.joinProblem === null ? 0 : 1);
  }
}
