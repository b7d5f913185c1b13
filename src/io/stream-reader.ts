// Reads a JetStream stream in order from a given sequence, by pull requests on a plain subscription. It uses no
// acknowledgements and no durable consumer, so the program alone keeps the position. It holds no messages: the callback
// gets each one at once, and a slow program sends fewer requests.

import { createInbox, type Msg, nanos, type NatsConnection, type Subscription } from 'nats';
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type CredentialHeaders, credentialOf } from './message-credential.ts';
import { describe } from './nats.ts';
import { systemClock } from '../lib/clock.ts';

/** A message of a stream. */
export interface StreamMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly seq: number;
  /** Time at which the broker stored it, in ms since the epoch. */
  readonly atMs: number;
  /** Time at which this program read it, on the monotonic clock. */
  readonly heardMs: number;
  /** Number of messages in the stream after this one. */
  readonly pending: number;
  /** The credential in its headers; null without such headers. */
  readonly credential: string | null;
}

/** The stream to read, and the size and number of pull requests. */
export interface StreamReaderOptions {
  readonly stream: string;
  readonly inboxPrefix: string | null;
  readonly pullMessages: number;
  readonly pullsOutstanding: number;
  readonly credentialHeaders: CredentialHeaders;
}

/** Callbacks of a reader. */
export interface StreamReaderParts {
  message(message: StreamMessage): void;
  /**
   * Called when a pull request brought no message. Usually the reader is at the end of the stream, but a stream that
   * cannot read its files looks the same.
   */
  drained(): void;
  /**
   * Called when a pull request sent at `askedMs`, on the monotonic clock, ended because the stream had no further
   * message.
   */
  ended(askedMs: number): void;
  /** Called at the end of the stream: the reader requests nothing for the next {@link PULL_REST_MS}. */
  resting(): void;
  /**
   * Called once if delivery breaks (consumer gone, gap, silence). The owner must start a new reader from the position.
   */
  broken(reason: string): void;
}

/** Lifetime of a pull request at the broker. Its end also shows that the consumer still exists. */
const PULL_EXPIRES_MS = 2000;
/**
 * A broker sometimes lets a pull request expire without a message (seen with 2.9.10): after this further time the
 * reader takes it as ended.
 */
const PULL_GRACE_MS = 500;
/**
 * Pause after a pull request that reached the end of the stream, so that sparse messages arrive together: waking a
 * thread costs more than many messages (bench/nodes.ts).
 */
const PULL_REST_MS = 100;
/** The broker's refusal of a pull request while another one waits for more messages than there are. */
const TOO_MANY_PULLS = 'Requests Pending';
const WATCH_INTERVAL_MS = 250;
/**
 * After this silence, two pull requests in a row without a message or a status, the consumer or the connection is gone.
 */
const SILENCE_MAX_MS = 6_000;
const CONSUMER_INACTIVE_MS = 60_000;

/**
 * A sequence of pull requests. Each slot has an inbox of its own, so that the end of one request is never taken for the
 * end of another.
 */
interface Slot {
  readonly inbox: string;
  subscription: Subscription | null;
  /** Number of messages that the open request may still bring; 0 if none is open. */
  remaining: number;
  /** Time at which the request was sent, on the monotonic clock. */
  askedMs: number;
  /** Latest end of the open request, on the monotonic clock. */
  overAtMs: number;
}

const DELETE_CONSUMER = '$JS.API.CONSUMER.DELETE';

/**
 * True if the refused operation only cleans up. A user can do without the right to it, because the broker cleans up by
 * itself later.
 */
export function isOfTidying(subject: string | null): boolean {
  return subject?.startsWith(`${DELETE_CONSUMER}.`) === true;
}

/** Reads one stream from one position, until it is stopped or delivery breaks. */
export class StreamReader {
  readonly #connection: NatsConnection;
  readonly #options: StreamReaderOptions;
  readonly #parts: StreamReaderParts;
  readonly #slots: readonly Slot[];
  #nextSubject = '';
  #consumer: string | null = null;
  #lastDelivery = 0;
  /** Number of tokens before the stream sequence in a reply subject; it depends on the broker's version. */
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

  /** Starts at `fromSeq`; returns the number of messages in the stream from there on. */
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
          // A request that still delivers has not ended, even over a slow link.
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

  /** True once the broker has answered a pull request, with messages or with none. */
  get isProven(): boolean {
    return this.#lastDelivery > 0 || this.#hasEnded;
  }

  /** True while the broker may still answer its first pull request. */
  get isUnanswered(): boolean {
    return !this.isProven && !this.#isOver;
  }

  /** Sends no further requests; messages already requested still arrive. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#heardMs = systemClock.monotonicMs();
    this.#askIdle();
  }

  /** Stops the reader. It tells the broker to delete the consumer, and does not wait for an answer. */
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
    // $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time ns>.<pending>; newer brokers put
    // domain and account before the stream and one more token at the end. Only the first message splits the whole text,
    // because this code runs for each message.
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
    // 100 is an idle heartbeat; 404 and 408 end a request at the end of the stream.
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
    // One request is enough until it is filled: if two wait, the broker alternates messages between them.
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
    // The request waits for the first message, and ends after the last one that the stream has.
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
