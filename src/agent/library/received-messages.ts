// What a client hears: checks the signature of statistics, parses, and hands each message to the event and the handlers.
// Anyone may be able to publish there: what is wrong is counted, and nothing of it is told.

import type { Msg } from '../../io/nats.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { signatureStateOf } from '../sinks/statistics-feed.ts';
import type { FederationErrorCode, MessageHandler } from './types.ts';

/** A longer message is not read. The longest that an aggregator publishes is statistics, of a few thousand bytes. */
export const RECEIVED_BYTES_MAX = 65_536;

const STATISTICS = 'truebit.stats.';

/** What {@link ReceivedMessages} needs of its owner. */
export interface ReceivedParts {
  /** The key whose signature statistics must have; null if none is known. */
  statsKey(): PublicJwk | null;
  /** A message that was read, before the handlers get it. */
  message(subject: string, data: unknown): void;
  /** Something is wrong; `cause` names it for the limit of one report a minute. */
  problem(code: FederationErrorCode, cause: string, sentence: string): void;
}

/** Reads messages. */
export class ReceivedMessages {
  /** Messages that were read, since the client was made. */
  count = 0;
  readonly #parts: ReceivedParts;

  constructor(parts: ReceivedParts) {
    this.#parts = parts;
  }

  /** Takes one message. Never throws, whatever the message holds and the handlers do. */
  take(message: Msg, subject: string, handlers: readonly MessageHandler[]): void {
    if (message.data.length > RECEIVED_BYTES_MAX) {
      this.#bad('too_large', `a received message has more than ${RECEIVED_BYTES_MAX} bytes and was not read`);
      return;
    }
    if (subject.startsWith(STATISTICS)) {
      const state = signatureStateOf(message, this.#parts.statsKey());
      if (state === 'unsigned' || state === 'bad_signature') {
        this.#bad(state, 'received statistics lack the signature of the known key and were not passed on');
        return;
      }
    }
    let data: unknown;
    try {
      data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.data));
    } catch {
      this.#bad('not_json', 'a received message is not JSON and was not passed on');
      return;
    }
    this.count += 1;
    this.#parts.message(subject, data);
    for (const handler of handlers) this.#call(handler, data, subject);
  }

  #call(handler: MessageHandler, data: unknown, subject: string): void {
    try {
      const result: unknown = handler(data, subject);
      // A handler may be an async function all the same.
      if (result instanceof Promise) result.catch((error: unknown) => this.#threw(error));
    } catch (error) {
      this.#threw(error);
    }
  }

  #threw(error: unknown): void {
    const what = error instanceof Error ? error.message : 'something that is no error';
    this.#parts.problem('handler_failed', 'handler', `a handler of received messages threw: ${what}`);
  }

  #bad(cause: string, sentence: string): void {
    this.#parts.problem('bad_received', `received ${cause}`, sentence);
  }
}
