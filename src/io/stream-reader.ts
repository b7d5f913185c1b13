// Reads a JetStream stream in order from a given sequence, by pull requests on a bare subscription: without
// acknowledgements and without a durable, so that the only position is ours. It never holds messages: each is handed on
// in the callback, and who is slow simply asks for fewer.

import { createInbox, type Msg, nanos, type NatsConnection, type Subscription } from 'nats';
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type CredentialHeaders, credentialOf } from './message-credential.ts';
import { describe } from './nats.ts';
import { systemClock } from '../lib/clock.ts';

export interface StreamMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly seq: number;
  /** Broker's time, ms since the epoch. */
  readonly atMs: number;
  /** When it was read, on the monotonic clock. */
  readonly heardMs: number;
  /** Messages in the stream after this one. */
  readonly pending: number;
  /** Who signed it, as its headers say; null without such headers. */
  readonly credential: string | null;
}

export interface StreamReaderOptions {
  readonly stream: string;
  readonly inboxPrefix: string | null;
  readonly pullMessages: number;
  readonly pullsOutstanding: number;
  readonly credentialHeaders: CredentialHeaders;
}

export interface StreamReaderParts {
  message(message: StreamMessage): void;
  /** A pull brought nothing. Mostly the stream has nothing beyond what was read, but a stream that cannot read its files says the same. */
  drained(): void;
  /** A pull that was asked for at `askedMs`, on the monotonic clock, ended because nothing more was there. */
  ended(askedMs: number): void;
  /** The end of the stream was reached: nothing comes for the next {@link PULL_REST_MS}. */
  resting(): void;
  /** Delivery broke off (consumer gone, gap, silence): start a new reader from the position. Called once. */
  broken(reason: string): void;
}

/** A pull request lives this long at the broker; its end is also the sign that the consumer still exists. */
const PULL_EXPIRES_MS = 2000;
/** A broker sometimes lets a pull expire without saying so (seen with 2.9.10): after this long it is taken as over. */
const PULL_GRACE_MS = 500;
/**
 * After a pull that found the end of the stream nothing is asked for this long, so that thin traffic comes together: each
 * waking of a thread costs more than many messages (bench/nodes.ts).
 */
const PULL_REST_MS = 100;
/** How the broker refuses a pull while another one waits for more than there is. */
const TOO_MANY_PULLS = 'Requests Pending';
const WATCH_INTERVAL_MS = 250;
/** Two pulls in a row without message or status: the consumer is gone, or the connection is. */
const SILENCE_MAX_MS = 6_000;
const CONSUMER_INACTIVE_MS = 60_000;

/** One pull request after another, each with an inbox of its own, so that its end is never taken for another's. */
interface Slot {
  readonly inbox: string;
  subscription: Subscription | null;
  /** Messages that the pull under way may still bring; 0 if none is under way. */
  remaining: number;
  /** When it was asked for, on the monotonic clock. */
  askedMs: number;
  /** When the pull under way is over at the latest, on the monotonic clock. */
  overAtMs: number;
}

const DELETE_CONSUMER = '$JS.API.CONSUMER.DELETE';

/** Whether a refusal is of tidying up, which a user without the right to it may do without: the broker does it later. */
export function isOfTidying(subject: string | null): boolean {
  return subject?.startsWith(`${DELETE_CONSUMER}.`) === true;
}

export class StreamReader {
  readonly #connection: NatsConnection;
  readonly #options: StreamReaderOptions;
  readonly #parts: StreamReaderParts;
  readonly #slots: readonly Slot[];
  #nextSubject = '';
  #consumer: string | null = null;
  #lastDelivery = 0;
  /** Tokens before the stream's sequence in a reply subject: the broker's version decides it. */
  #tokensBefore: number | null = null;
  #isPaused = false;
  #isOver = false;
  #hasEnded = false;
  #heardMs = 0;
  #watchdog: NodeJS.Timeout | null = null;
  #rest: NodeJS.Timeout | null = null;

  constructor(connection: NatsConnection, options: StreamReaderOptions, parts: StreamReaderParts) {
    this.#connection = connection;
    this.#options = options;
    this.#parts = parts;
    this.#slots = Array.from({ length: options.pullsOutstanding }, () => ({
      inbox: createInbox(options.inboxPrefix ?? undefined),
      subscription: null,
      remaining: 0,
      askedMs: 0,
      overAtMs: 0,
    }));
  }

  /** Begins at `fromSeq`; returns how many messages the stream holds from there on. */
  async start(manager: JetStreamManager, fromSeq: number): Promise<number> {
    const info = await manager.consumers.add(this.#options.stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: fromSeq,
      mem_storage: true,
      inactive_threshold: nanos(CONSUMER_INACTIVE_MS),
    });
    this.#consumer = info.name;
    this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${info.name}`;
    this.#heardMs = systemClock.monotonicMs();
    for (const slot of this.#slots) {
      slot.subscription = this.#connection.subscribe(slot.inbox, {
        callback: (error, message) => {
          if (this.#isOver) return;
          if (error !== null) {
            this.#break(describe(error));
            return;
          }
          this.#heardMs = systemClock.monotonicMs();
          // A pull that still delivers is not over, however slow the link.
          slot.overAtMs = this.#heardMs + PULL_EXPIRES_MS + PULL_GRACE_MS;
          const reply = message.reply ?? '';
          if (reply.startsWith('$JS.ACK.')) this.#deliver(slot, message, reply);
          else this.#status(slot, message.headers?.code ?? 0, message.headers?.description ?? '');
        },
      });
      this.#ask(slot);
    }
    this.#watchdog = setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
    return info.num_pending;
  }

  /** The broker has answered a pull: it gives messages, or says that it has none. */
  get isProven(): boolean {
    return this.#lastDelivery > 0 || this.#hasEnded;
  }

  /** It may still be. */
  get isUnanswered(): boolean {
    return !this.isProven && !this.#isOver;
  }

  /** Asks for nothing more; what was asked for still arrives. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#heardMs = systemClock.monotonicMs();
    this.#askIdle();
  }

  /** Ends it. The broker is told that the consumer is not needed any more, and is not asked whether it has heard. */
  stop(): void {
    this.#isOver = true;
    if (this.#consumer !== null && !this.#connection.isClosed())
      this.#connection.publish(`${DELETE_CONSUMER}.${this.#options.stream}.${this.#consumer}`);
    this.#consumer = null;
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    if (this.#rest !== null) clearTimeout(this.#rest);
    for (const { subscription } of this.#slots) subscription?.unsubscribe();
  }

  #deliver(slot: Slot, message: Msg, reply: string): void {
    // $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time ns>.<pending>, and newer brokers put
    // domain and account before the stream and one more token at the end. Split once only: it is done for each message.
    this.#tokensBefore ??= reply.split('.').length > 9 ? 7 : 5;
    let at = 0;
    for (let token = 0; token < this.#tokensBefore; token++) at = reply.indexOf('.', at) + 1;
    const seqEnd = reply.indexOf('.', at);
    const deliveryEnd = reply.indexOf('.', seqEnd + 1);
    const timeEnd = reply.indexOf('.', deliveryEnd + 1);
    const pendingEnd = reply.indexOf('.', timeEnd + 1);
    const delivery = Number(reply.slice(seqEnd + 1, deliveryEnd));
    if (delivery !== this.#lastDelivery + 1) {
      this.#break(`delivery ${delivery} came after ${this.#lastDelivery}`);
      return;
    }
    this.#lastDelivery = delivery;
    this.#parts.message({
      subject: message.subject,
      payload: message.data,
      seq: Number(reply.slice(at, seqEnd)),
      atMs: Number(reply.slice(deliveryEnd + 1, timeEnd - 6)),
      heardMs: this.#heardMs,
      pending: Number(pendingEnd < 0 ? reply.slice(timeEnd + 1) : reply.slice(timeEnd + 1, pendingEnd)),
      credential: credentialOf(message, this.#options.credentialHeaders),
    });
    slot.remaining = Math.max(0, slot.remaining - 1);
    if (slot.remaining === 0) this.#askIdle();
  }

  #status(slot: Slot, code: number, description: string): void {
    // 100 is an idle heartbeat; 404 and 408 end a pull because there is nothing more.
    if (code === 100) return;
    if (code !== 404 && code !== 408) {
      this.#break(`the broker ended the pull with status ${code}`);
      return;
    }
    this.#hasEnded = true;
    if (description !== TOO_MANY_PULLS) {
      this.#parts.ended(slot.askedMs);
      if (slot.remaining === this.#options.pullMessages) this.#parts.drained();
    }
    slot.remaining = 0;
    if (this.#slots.some(({ remaining }) => remaining > 0)) return;
    this.#parts.resting();
    // One is enough until it is filled: of two that wait, each is sent every other message.
    this.#rest ??= setTimeout(() => {
      this.#rest = null;
      if (this.#slots.every(({ remaining }) => remaining === 0)) this.#ask(slot);
    }, PULL_REST_MS);
  }

  #askIdle(): void {
    for (const slot of this.#slots) if (slot.remaining === 0) this.#ask(slot);
  }

  #ask(slot: Slot): void {
    slot.remaining = 0;
    if (this.#isPaused || this.#isOver) return;
    slot.remaining = this.#options.pullMessages;
    slot.askedMs = systemClock.monotonicMs();
    slot.overAtMs = slot.askedMs + PULL_EXPIRES_MS + PULL_GRACE_MS;
    // It waits for the first message and ends behind the last that is there.
    const request = JSON.stringify({ batch: slot.remaining, expires: nanos(PULL_EXPIRES_MS), no_wait: true });
    this.#connection.publish(this.#nextSubject, request, { reply: slot.inbox });
  }

  #watch(): void {
    if (this.#isPaused || this.#isOver) return;
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#heardMs > SILENCE_MAX_MS) {
      this.#break('the broker has been silent on the pull');
      return;
    }
    for (const slot of this.#slots) if (slot.remaining > 0 && nowMs > slot.overAtMs) this.#ask(slot);
  }

  #break(reason: string): void {
    this.stop();
    this.#parts.broken(reason);
  }
}
