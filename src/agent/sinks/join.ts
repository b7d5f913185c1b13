// Asks to join the federation after each connect, and again until there is a reply that can be used (docs/agent.md#joining).
// It keeps what the last reply said. A refusal by the broker is usual and ends nothing.

import { backoffMs, type Backoff } from '../../lib/backoff.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import type { NatsConnection } from '../../io/nats.ts';
import { type RequestProblem, requestOnce } from '../../io/nats-request.ts';
import { type JoinReply, readJoinReply } from '../domain/join-reply.ts';
import type { Signing } from './signing.ts';

/** The subject of the request; a signature covers it. */
export const JOIN_SUBJECT = 'truebit.federation.join';
/** Facts wait so long for the reply, at most. */
export const JOIN_WAIT_MS = 3_000;
/** The shortest and the longest wait before the next request are half of these: 5 s and 2.5 min to 5 min. */
const AGAIN: Backoff = { leastMs: 10_000, mostMs: 300_000 };
/** Time between two requests that statistics of another key cause, in ms: anyone may be able to publish such. */
const ASK_AGAIN_MS = 300_000;
const PAYLOAD = Buffer.from('{}');

const PROBLEMS: Readonly<Record<RequestProblem, string>> = {
  no_responders: 'no aggregator answers',
  timeout: 'no aggregator answered in time',
  may_not_ask: `the broker does not let this node publish to ${JOIN_SUBJECT}`,
  may_not_hear: 'the broker does not let this node subscribe to _INBOX.>, where the reply would come',
  failed: 'the request could not be sent',
};

/** What {@link Joining} needs of its owner. */
export interface JoinParts {
  readonly signing: Signing | null;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
  /** A reply that can be used has come. */
  replied(reply: JoinReply): void;
  /** There is no such reply, for another reason than the last time. */
  failed(problem: string): void;
  /** The first request of a connection has ended, whatever became of it. */
  ended(): void;
}

/** The requests to join. */
export class Joining {
  readonly #parts: JoinParts;
  #connection: NatsConnection | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #hasJoined = false;
  #problem: string | null = null;
  /** Runs while no reply is asked for because of other statistics. */
  #quietTimer: Timer | null = null;

  constructor(parts: JoinParts) {
    this.#parts = parts;
  }

  /** True if a request was answered since the start. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Why the last request failed; null if it did not. */
  get problem(): string | null {
    return this.#problem;
  }

  /** A connection was made: asks over it until there is a reply. */
  begin(connection: NatsConnection): void {
    this.rest();
    this.#connection = connection;
    void this.#ask(connection).then(() => {
      if (this.#connection === connection) this.#parts.ended();
    });
  }

  /** The connection ended. */
  rest(): void {
    this.#connection = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.#quietTimer?.cancel();
    this.#quietTimer = null;
    this.#failures = 0;
  }

  /** What the last reply said may be out of date: asks once more, unless a request waits already or was made lately. */
  askAgain(): void {
    const connection = this.#connection;
    if (connection === null || this.#timer !== null || this.#quietTimer !== null) return;
    this.#quietTimer = this.#parts.timers.after(ASK_AGAIN_MS, () => {
      this.#quietTimer = null;
    });
    void this.#ask(connection);
  }

  async #ask(connection: NatsConnection): Promise<void> {
    const { signing } = this.#parts;
    const answer = await requestOnce(connection, {
      subject: JOIN_SUBJECT,
      payload: PAYLOAD,
      headers: signing?.headersFor(JOIN_SUBJECT, PAYLOAD) ?? null,
      timeoutMs: JOIN_WAIT_MS,
    });
    if (this.#connection !== connection) return;
    if (typeof answer === 'string') {
      this.#failed(connection, PROBLEMS[answer]);
      return;
    }
    const reading = readJoinReply(answer, signing?.keyHash ?? null);
    if ('problem' in reading) {
      this.#failed(connection, reading.problem);
      return;
    }
    this.#hasJoined = true;
    this.#problem = null;
    this.#parts.replied(reading.reply);
  }

  #failed(connection: NatsConnection, problem: string): void {
    const isNews = problem !== this.#problem;
    this.#problem = problem;
    if (isNews) this.#parts.failed(problem);
    const waitMs = backoffMs(AGAIN, this.#failures, this.#parts.random());
    this.#failures += 1;
    this.#timer = this.#parts.timers.after(waitMs, () => {
      this.#timer = null;
      void this.#ask(connection);
    });
  }
}
