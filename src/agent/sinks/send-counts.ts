// Counts what became of messages, by type and outcome. It decides nothing.

import type { OutboundType } from '../domain/messages.ts';
import type { MessageCount } from '../domain/view.ts';

/** The counters since the start. */
export class SendCounts {
  readonly #counts = new Map<string, MessageCount>();

  add(type: OutboundType, outcome: MessageCount['outcome'], count = 1): void {
    const key = `${type} ${outcome}`;
    const before = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { type, outcome, count: before + count });
  }

  list(): readonly MessageCount[] {
    return [...this.#counts.values()];
  }
}
