// Answers `truebit.federation.join` over its own connection. It reads a limited number of requests a second. The broker
// answers the others, however many, with "no responders".

import { randomUUID } from 'node:crypto';
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

/** Maximum number of requests to join that are read in a second; the broker answers the others with "no responders". */
export const JOIN_REQUESTS_PER_SECOND_MAX = 50;
/** Maximum size of a request to join. */
export const JOIN_REQUEST_BYTES_MAX = 4_096;

/** What a {@link JoinResponder} needs of its owner. */
export interface JoinParts {
  /** Called at the start: how to reach the broker. */
  nats(): NatsOptions;
  /** The queue of this process and its partners, each of whose requests one of them answers; null: it answers all. */
  readonly queue: string | null;
  /** The data for the next answer. */
  context(): JoinContext;
  /** Called with the outcome of each request. */
  counted(outcome: JoinOutcome): void;
  /** Called once when the broker prevents listening or answering, and once when it allows both again. */
  log(level: 'info' | 'warn', sentence: string): void;
  monotonicMs(): number;
}

const CANNOT_LISTEN =
  "the broker does not let the aggregator listen: no node can join; allow the aggregator's user to subscribe to";
const CANNOT_ANSWER =
  "the broker does not take the answers of the aggregator: no node can join; allow the aggregator's user to publish to _INBOX.>";

const SECOND_MS = 1000;

/** The connection that answers requests to join. */
export class JoinResponder implements Part {
  readonly #parts: JoinParts;
  readonly #stop = new AbortController();
  readonly #ownQueue = `join-${randomUUID()}`;
  #connection: NatsConnection | null = null;
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** When the broker last refused the subscription, on the monotonic clock; null if it allows it. */
  #refusedMs: number | null = null;
  /** Number of refusals so far. */
  #refusedCount = 0;
  #problem: string | null = null;

  constructor(parts: JoinParts) {
    this.#parts = parts;
  }

  /** Why no node can join; null if nodes can join, or if the broker is not connected. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Starts connecting, which may take any time, and then answers requests. */
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

  /** Subscribes, also in the place of a subscription that has used some of its share of requests. */
  #listen(): void {
    const connection = this.#connection;
    if (connection === null || connection.isClosed()) return;
    if (this.#refusedMs !== null) {
      if (this.#parts.monotonicMs() - this.#refusedMs < REFUSED_RETRY_MS) return;
      this.#refusedMs = null;
      this.#subscription?.unsubscribe();
    }
    const former = this.#subscription;
    // Of a subscription that has read nothing the whole share is left; a second's unused share is not carried over.
    if (former !== null && !former.isClosed() && former.getProcessed() === 0) return;
    this.#subscription = connection.subscribe(JOIN_SUBJECT, {
      max: JOIN_REQUESTS_PER_SECOND_MAX,
      // For a moment both subscriptions are there; in one queue each request goes to one of them.
      queue: this.#parts.queue ?? this.#ownQueue,
      callback: (error, message) => {
        // The connection's `onRefused` reports a refusal too.
        if (error === null) this.#answer(connection, message);
      },
    });
    // The share of a subscription cannot be raised: the broker may have sent all of it, and forgotten the subscription,
    // before this process has read it.
    if (former !== null && !former.isClosed()) former.drain().catch(() => undefined);
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

  /** Waits for the broker's answer to what was just sent, which shows whether the broker still refuses. */
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
