// The messages that wait, in memory: for a state of which nothing remains, whose messages are handed out at once. It has the
// face of the rows on the disk.

import type { MessageToQueue } from '../domain/fact-store.ts';
import { FACT_TYPES, type FactType, type QueuedMessage } from '../domain/messages.ts';
import type { MessageRows } from './outbox-rows.ts';

/** The messages, in the order of their ids. */
export class MemoryOutbox implements MessageRows {
  readonly #messages = new Map<number, QueuedMessage>();

  get waiting(): number {
    return this.#messages.size;
  }

  add(id: number, { type, payload, isHistory }: MessageToQueue): void {
    this.#messages.set(id, { id, type, payload, isHistory });
  }

  next(isHistory: boolean, after: ReadonlyMap<FactType, number>, limit: number): readonly QueuedMessage[] {
    const found: QueuedMessage[] = [];
    const first = Math.min(...FACT_TYPES.map((type) => after.get(type) ?? Infinity));
    for (const message of this.#messages.values()) {
      if (found.length >= limit) break;
      if (message.id <= first || message.isHistory !== isHistory) continue;
      if (message.id > (after.get(message.type) ?? Infinity)) found.push(message);
    }
    return found;
  }

  newestId(): number {
    let newest = 0;
    for (const id of this.#messages.keys()) newest = id;
    return newest;
  }

  remove(id: number): boolean {
    return this.#messages.delete(id);
  }

  rename(nodeId: string, newNodeId: string): void {
    for (const [id, message] of this.#messages)
      this.#messages.set(id, { ...message, payload: message.payload.replaceAll(nodeId, newNodeId) });
  }
}
