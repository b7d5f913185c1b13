// Subscriptions that outlive a connection: each is made again on the next one.

import type { Msg } from '../../io/nats.ts';
import type { Channel } from './channel.ts';

interface Listener {
  readonly subject: string;
  readonly heard: (message: Msg) => void;
  end: () => void;
}

/** The subscriptions of one link. */
export class Listeners {
  readonly #listeners = new Set<Listener>();

  /** Adds one, and begins it if there is a connection. Returns a function that ends it. */
  add(subject: string, heard: (message: Msg) => void, channel: Channel | null): () => void {
    const end = channel?.subscribe(subject, heard) ?? (() => undefined);
    const listener: Listener = { subject, heard, end };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      listener.end();
    };
  }

  /** There is a new connection: all are made on it. */
  moveTo(channel: Channel): void {
    for (const listener of this.#listeners) {
      listener.end = channel.subscribe(listener.subject, listener.heard);
    }
  }
}
