// Answers `truebit.federation.join` over a connection of its own. It reads so many requests a second and no more: a flood
// ends at the broker, which then says that nobody answers.

import { JOIN_REQUEST_BYTES_MAX, JOIN_REQUESTS_PER_SECOND_MAX } from '../../config/bounds.ts';
import { credentialOf } from '../../io/message-credential.ts';
import {
  connectBroker,
  type Msg,
  type NatsConnection,
  type NatsOptions,
  type Subscription,
} from '../../io/nats.ts';
import { answerJoin, JOIN_SUBJECT, type JoinContext, type JoinOutcome } from './join-answer.ts';

export interface JoinParts {
  /** What the next answer is made of. */
  context(): JoinContext;
  /** Told what became of each request. */
  counted(outcome: JoinOutcome): void;
  /** The broker does not let us listen. Told once per connection. */
  refused(): void;
}

const SECOND_MS = 1000;

export class JoinResponder {
  readonly #parts: JoinParts;
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #subscription: Subscription | null = null;
  #isRefused = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: JoinParts) {
    this.#parts = parts;
  }

  /** Connects, for as long as it takes, and answers. */
  async start(nats: NatsOptions): Promise<void> {
    this.#connection = await connectBroker(
      'truebit-aggregator-join',
      nats,
      {
        onConnected: () => {
          this.#isRefused = false;
        },
        onDisconnected: () => undefined,
        onUnreachable: () => undefined,
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
    if (connection === null || connection.isClosed() || this.#isRefused) return;
    if (this.#subscription !== null && !this.#subscription.isClosed()) {
      // What was left of a second is not saved up.
      this.#subscription.unsubscribe(this.#subscription.getProcessed() + JOIN_REQUESTS_PER_SECOND_MAX);
      return;
    }
    this.#subscription = connection.subscribe(JOIN_SUBJECT, {
      max: JOIN_REQUESTS_PER_SECOND_MAX,
      callback: (error, message) => {
        if (error === null) this.#answer(connection, message);
        else this.#refuse();
      },
    });
  }

  #answer(connection: NatsConnection, message: Msg): void {
    const request = {
      payload: message.data,
      credential: credentialOf(message),
      replyTo: message.reply ?? '',
    };
    const { outcome, reply } = answerJoin(request, this.#parts.context(), JOIN_REQUEST_BYTES_MAX);
    this.#parts.counted(outcome);
    if (reply !== null && !connection.isClosed()) connection.publish(request.replyTo, reply);
  }

  #refuse(): void {
    if (!this.#isRefused) this.#parts.refused();
    this.#isRefused = true;
  }
}
