// Subscriptions to the inputs on plain NATS. It forgets a subscription that the broker refuses or withdraws, so that
// the next attempt subscribes again. It does not report this; the connection does.

import { CREDENTIAL_HEADERS } from '../domain/message-signature.ts';
import { credentialOf } from '../../io/message-credential.ts';
import type { NatsConnection, Subscription } from '../../io/nats.ts';
import type { StreamMessage } from '../../io/stream-reader.ts';
import type { Clock } from '../../lib/clock.ts';

/** A message of plain NATS, which has no sequence. */
export type PlainMessage = Omit<StreamMessage, 'seq' | 'pending'> & { readonly seq: null };

/** The subscriptions of one source. */
export class PlainInputs {
  readonly #clock: Clock;
  readonly #message: (message: PlainMessage) => void;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(clock: Clock, message: (message: PlainMessage) => void) {
    this.#clock = clock;
    this.#message = message;
  }

  /**
   * Subscribes to these subjects and no others. After a reconnection the client renews existing subscriptions by
   * itself.
   */
  subscribe(connection: NatsConnection, subjects: readonly string[]): void {
    for (const [subject, subscription] of this.#subscriptions) {
      if (subjects.includes(subject)) continue;
      subscription.unsubscribe();
      this.#subscriptions.delete(subject);
    }
    for (const subject of subjects) {
      if (this.#subscriptions.has(subject)) continue;
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => {
          if (error !== null) {
            if (this.#subscriptions.get(subject) === subscription) this.#subscriptions.delete(subject);
            return;
          }
          this.#message({
            subject: message.subject,
            payload: message.data,
            seq: null,
            atMs: this.#clock.nowMs(),
            heardMs: this.#clock.monotonicMs(),
            credential: credentialOf(message, CREDENTIAL_HEADERS),
          });
        },
      });
      this.#subscriptions.set(subject, subscription);
    }
  }

  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
  }
}
