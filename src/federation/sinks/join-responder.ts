// Answers `truebit.federation.join` over a connection of its own. It reads so many requests a second and no more: a flood
// ends at the broker, which then says that nobody answers.

import { REFUSED_RETRY_MS } from '../../io/refusals.ts';
import { CREDENTIAL_HEADERS } from '../domain/message-signature.ts';
import { credentialOf } from '../../io/message-credential.ts';
import {
  connectBroker,
  describe,
  type Msg,
  type NatsConnection,
  type NatsOptions,
  settled,
  type Subscription,
} from '../../io/nats.ts';
import type { Refusal } from '../../io/refusals.ts';
import type { Part } from '../../lib/part.ts';
import { answerJoin, JOIN_SUBJECT, type JoinContext, type JoinOutcome } from './join-answer.ts';

/** Requests to join that are read in a second; then the broker tells the others that nobody answers. */
export const JOIN_REQUESTS_PER_SECOND_MAX = 50;
/** Longest request to join that is looked at. */
export const JOIN_REQUEST_BYTES_MAX = 4_096;

export interface JoinParts {
  /** How the broker is reached; asked at the start. */
  nats(): NatsOptions;
  /** What the next answer is made of. */
  context(): JoinContext;
  /** Told what became of each request. */
  counted(outcome: JoinOutcome): void;
  /** Told once when the broker keeps us from listening or answering, and once when it no longer does. */
  log(level: 'info' | 'warn', sentence: string): void;
  monotonicMs(): number;
}

const CANNOT_LISTEN = 'the broker does not let us listen: nobody can join; allow our user to subscribe to';
const CANNOT_ANSWER =
  'the broker does not take our answers: nobody can join; allow our user to publish to _INBOX.>';

const SECOND_MS = 1000;

export class JoinResponder implements Part {
  readonly #parts: JoinParts;
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** When the broker refused the subscription; null if it did not. */
  #refusedMs: number | null = null;
  /** Refusals so far. */
  #refusedCount = 0;
  #problem: string | null = null;

  constructor(parts: JoinParts) {
    this.#parts = parts;
  }

  /** Why nobody can join; null if nodes can, or we are not connected. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Begins to connect, for as long as it takes, and then to answer. */
  async start(): Promise<void> {
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#connection = await connectBroker(
      'truebit-aggregator-join',
      this.#parts.nats(),
      {
        onConnected: () => {
          this.#refusedMs = null;
          this.#listen();
        },
        onDisconnected: () => undefined,
        onUnreachable: () => undefined,
        onRefused: (refusal) => this.#refused(refusal),
      },
      this.#stop.signal,
    );
    if (this.#connection === null) return;
    this.#timer = setInterval(() => this.#listen(), SECOND_MS);
    this.#listen();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#connection?.close();
  }

  /** Begins to listen, or begins again after the last second's share was used up. */
  #listen(): void {
    const connection = this.#connection;
    if (connection === null || connection.isClosed()) return;
    if (this.#refusedMs !== null) {
      if (this.#parts.monotonicMs() - this.#refusedMs < REFUSED_RETRY_MS) return;
      this.#refusedMs = null;
      this.#subscription?.unsubscribe();
    }
    if (this.#subscription !== null && !this.#subscription.isClosed()) {
      // What was left of a second is not saved up.
      this.#subscription.unsubscribe(this.#subscription.getProcessed() + JOIN_REQUESTS_PER_SECOND_MAX);
      return;
    }
    this.#subscription = connection.subscribe(JOIN_SUBJECT, {
      max: JOIN_REQUESTS_PER_SECOND_MAX,
      callback: (error, message) => {
        // A refusal is told by the connection, too.
        if (error === null) this.#answer(connection, message);
      },
    });
    if (this.#problem?.startsWith(CANNOT_LISTEN) === true) void this.#seeWhether(connection);
  }

  #answer(connection: NatsConnection, message: Msg): void {
    const request = {
      payload: message.data,
      credential: credentialOf(message, CREDENTIAL_HEADERS),
      replyTo: message.reply ?? '',
    };
    const { outcome, reply } = answerJoin(request, this.#parts.context(), JOIN_REQUEST_BYTES_MAX);
    this.#parts.counted(outcome);
    if (reply === null || connection.isClosed()) return;
    try {
      connection.publish(request.replyTo, reply);
    } catch (error) {
      this.#tell(`${CANNOT_ANSWER} (${describe(error)})`);
      return;
    }
    if (this.#problem !== null) void this.#seeWhether(connection);
  }

  #refused({ operation, subject }: Refusal): void {
    this.#refusedCount++;
    if (operation === 'publish') {
      this.#tell(CANNOT_ANSWER);
      return;
    }
    this.#refusedMs = this.#parts.monotonicMs();
    this.#tell(`${CANNOT_LISTEN} ${JOIN_SUBJECT}${subject === null ? ' (max_subscriptions)' : ''}`);
  }

  /** What was just sent shows whether the broker still refuses. */
  async #seeWhether(connection: NatsConnection): Promise<void> {
    const before = this.#refusedCount;
    try {
      await settled(connection);
    } catch {
      return;
    }
    if (this.#refusedCount === before && this.#refusedMs === null) this.#tell(null);
  }

  #tell(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === null) this.#parts.log('info', 'join: nodes can join again');
    else this.#parts.log('warn', `join: ${problem}`);
  }
}
