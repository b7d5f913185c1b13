// One connection to the broker, from its attempt to its end, with what the broker forbids in it. It decides nothing, and
// the next connection gets a channel of its own.

import { FACT_TYPES, type OutboundType, PRESENCE_TYPES } from '../domain/messages.ts';
import { subjectOf } from '../domain/envelope.ts';
import type { Msg, MsgHdrs, NatsConnection, SingleConnectionParts, Subscription } from '../../io/nats.ts';
import { settled } from '../../io/nats.ts';
import { type Refusal, Refusals } from '../../io/refusals.ts';

/** Makes one attempt to connect. */
export type Dial = (parts: SingleConnectionParts) => Promise<NatsConnection>;

/** What became of everything sent before: the broker has it, or the connection was lost. */
export type Settled = 'there' | 'lost';

/** What was refused since it was asked last. */
export interface Refused {
  /** Types of messages by the subject that the broker named. */
  readonly types: readonly OutboundType[];
  /** True if the broker refused a publication on a subject that is none of ours, for example the one that it maps ours to. */
  readonly isUnclear: boolean;
}

/** What a {@link Channel} needs of its owner. */
export interface ChannelParts {
  /** The connection ended, with the reason if one is known. Not called for an attempt that failed, or after `close`. */
  ended(reason: string | null): void;
  /** The broker does not allow a subscription. */
  deaf(subject: string | null): void;
}

const TYPES: readonly OutboundType[] = [...FACT_TYPES, ...PRESENCE_TYPES];
/** The subjects of a request and its reply: a refusal of these is handled by whoever asks. */
const ASKED = /^truebit\.federation\.join$|^_INBOX\./;
/** What a message may have beside its payload: two headers of a signature. */
const HEADER_BYTES = 256;

/** One connection. */
export class Channel {
  /** Types that the broker does not take in this connection. */
  readonly forbidden = new Set<OutboundType>();
  /**
   * True if the broker refused something that it named by another subject than ours: then only messages of one type are
   * sent together, and a refusal tells which type it means.
   */
  sendsOneType = false;
  readonly #parts: ChannelParts;
  readonly #refusals = new Refusals();
  readonly #deaf = new Set<string>();
  readonly #subscriptions = new Set<Subscription>();
  #connection: NatsConnection | null = null;
  readonly #end = Promise.withResolvers<void>();
  #isEnded = false;
  #isClosed = false;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
  }

  /** Makes the one attempt. Rejects if it fails. */
  async open(dial: Dial): Promise<void> {
    this.#connection = await dial({
      onEnded: (reason) => {
        const wasOpen = this.#connection !== null && !this.#isClosed;
        this.#isEnded = true;
        this.#end.resolve();
        if (wasOpen) this.#parts.ended(reason);
      },
      onRefused: (refusal) => this.#refused(refusal),
    });
    if (this.#isEnded) throw new Error('the broker ended the connection at once');
  }

  /** True while messages can be handed to the client. */
  get isOpen(): boolean {
    return this.#connection !== null && !this.#isEnded && !this.#connection.isClosed();
  }

  /** Host and port of the broker. */
  get server(): string | null {
    return this.#connection?.getServer() ?? null;
  }

  /** The connection; null before it is made. */
  get connection(): NatsConnection | null {
    return this.#connection;
  }

  /** Subscriptions that the broker allows. */
  get subscriptions(): number {
    return [...this.#subscriptions].filter((each) => !each.isClosed() && !this.#deaf.has(each.getSubject()))
      .length;
  }

  /** True if the broker takes no message of this length. */
  isTooLong(bytes: number): boolean {
    const most = this.#connection?.info?.max_payload;
    return most !== undefined && bytes + HEADER_BYTES > most;
  }

  /** Hands one message to the client. Throws if the client does not take it. */
  publish(subject: string, payload: Uint8Array, headers: MsgHdrs | null): void {
    if (!this.isOpen) throw new Error('the connection is closed');
    this.#connection?.publish(subject, payload, headers === null ? {} : { headers });
  }

  /** Calls `heard` for each message on the subject. Returns a function that ends the subscription. */
  subscribe(subject: string, heard: (message: Msg) => void): () => void {
    const subscription = this.#connection?.subscribe(subject, {
      callback: (error, message) => {
        // `deaf` reports a refusal.
        if (error === null) heard(message);
      },
    });
    if (subscription === undefined) return () => undefined;
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
      if (this.isOpen) subscription.unsubscribe();
    };
  }

  /**
   * Resolves when the broker has handled everything that was sent before, and its refusals have been reported. Never
   * rejects.
   */
  async settled(): Promise<Settled> {
    if (this.#connection === null || !this.isOpen) return 'lost';
    const there = settled(this.#connection).then(
      () => 'there' as const,
      () => 'lost' as const,
    );
    // The client leaves the promise of a flush pending when a connection ends that it does not make again.
    return Promise.race([there, this.#end.promise.then(() => 'lost' as const)]);
  }

  /** What the broker refused since the last call. */
  takeRefused(): Refused {
    const types = TYPES.filter((type) => this.#refusals.has('publish', subjectOf(type)));
    const isUnclear = this.#refusals.size > types.length;
    this.#refusals.clear();
    return { types, isUnclear };
  }

  /** Ends the connection; what the client still holds is thrown away. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#end.resolve();
    await this.#connection?.close();
  }

  #refused(refusal: Refusal): void {
    const { operation, exactSubject } = refusal;
    if (operation === 'publish') {
      if (exactSubject === null || !ASKED.test(exactSubject)) this.#refusals.add(refusal);
      return;
    }
    if (exactSubject !== null && ASKED.test(exactSubject)) return;
    if (exactSubject !== null) this.#deaf.add(exactSubject);
    this.#parts.deaf(exactSubject);
  }
}
