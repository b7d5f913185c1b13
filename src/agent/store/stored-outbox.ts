// The outbox on the disk, for a sender in the same thread. It keeps the order of messages and the window of the pace; it
// sends nothing, and waits for nothing: while the disk refuses, it gives no messages out, and what the sender says is kept
// in memory until it can be stored.

import {
  FACT_TYPES,
  type FactType,
  type Outbox,
  type QueuedMessage,
  type SetAsideReason,
} from '../domain/messages.ts';
import type { MessageEnds } from './state-values.ts';
import type { StateWriter } from './writer.ts';

/** What a {@link StoredOutbox} needs of its owner. */
export interface StoredOutboxParts {
  readonly writer: Pick<StateWriter, 'change' | 'nextMessages' | 'remove' | 'sent' | 'waiting'>;
  /** Ends the transaction that may be open: every call here makes one of its own. */
  settle(): void;
  /** A transaction failed; it is tried again with the next call, or with {@link StoredOutbox.retry}. */
  failed(error: unknown): void;
  /** Messages left the outbox: there is room. */
  roomMade(): void;
}

interface Ended {
  readonly ids: readonly number[];
  readonly end: keyof MessageEnds;
}

/** The outbox of a state. */
export class StoredOutbox implements Outbox {
  readonly #parts: StoredOutboxParts;
  /** The newest message that was taken, of history and of new facts, by type. */
  readonly #taken = new Map<string, number>();
  /** Messages that have ended, which the disk does not know yet. */
  #ended: readonly Ended[] = [];
  /** Messages that left, which the disk does not know yet. */
  #uncounted: { readonly count: number; readonly atMs: number } | null = null;

  constructor(parts: StoredOutboxParts) {
    this.#parts = parts;
  }

  take(limit: number, nowMs: number, withoutTypes: readonly FactType[]): Promise<readonly QueuedMessage[]> {
    const { writer } = this.#parts;
    this.#parts.settle();
    if (!this.retry()) return Promise.resolve([]);
    const types = FACT_TYPES.filter((type) => !withoutTypes.includes(type));
    try {
      const messages = this.#next(limit, types);
      if (messages.length > 0) writer.change(() => writer.sent(messages.length, nowMs), true);
      for (const { id, type, isHistory } of messages) this.#taken.set(turnOf(isHistory, type), id);
      return Promise.resolve(messages);
    } catch (error) {
      this.#parts.failed(error);
      return Promise.resolve([]);
    }
  }

  countPresence(count: number, nowMs: number): Promise<void> {
    this.#parts.settle();
    this.#uncounted = { count: count + (this.#uncounted?.count ?? 0), atMs: nowMs };
    this.retry();
    return Promise.resolve();
  }

  confirmed(ids: readonly number[]): Promise<void> {
    return this.#end({ ids, end: 'confirmed' });
  }

  setAside(ids: readonly number[], _reason: SetAsideReason): Promise<void> {
    return this.#end({ ids, end: 'setAside' });
  }

  returned(): Promise<void> {
    this.#taken.clear();
    return Promise.resolve();
  }

  /** Stores what the disk refused before; false if it still refuses. */
  retry(): boolean {
    const { writer } = this.#parts;
    const ended = this.#ended;
    const uncounted = this.#uncounted;
    if (ended.length === 0 && uncounted === null) return true;
    try {
      writer.change(() => {
        for (const { ids, end } of ended) writer.remove(ids, end);
        if (uncounted !== null) writer.sent(uncounted.count, uncounted.atMs);
      }, uncounted !== null);
    } catch (error) {
      this.#parts.failed(error);
      return false;
    }
    this.#ended = [];
    this.#uncounted = null;
    if (ended.length > 0) this.#parts.roomMade();
    return true;
  }

  #end(ended: Ended): Promise<void> {
    this.#parts.settle();
    this.#ended = [...this.#ended, ended];
    this.retry();
    return Promise.resolve();
  }

  /** The oldest messages of these types, new facts first. */
  #next(limit: number, types: readonly FactType[]): readonly QueuedMessage[] {
    const { writer } = this.#parts;
    const found: QueuedMessage[] = [];
    for (const isHistory of [false, true]) {
      const left = limit - found.length;
      if (left <= 0) break;
      const taken = types.map((type) => [type, this.#taken.get(turnOf(isHistory, type)) ?? 0] as const);
      found.push(...writer.nextMessages(isHistory, new Map(taken), left));
    }
    return found;
  }
}

function turnOf(isHistory: boolean, type: FactType): string {
  return `${isHistory ? 'history' : 'new'} ${type}`;
}
