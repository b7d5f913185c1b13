// The messages of a client that wait, in a state file or in memory, with the salt, the key and the node id that are kept
// beside them. Publications of one turn of the event loop share one transaction.

import type { Clock } from '../../lib/clock.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { errorCode } from '../../lib/error-code.ts';
import { systemTimers, type Timer } from '../../lib/timers.ts';
import {
  FACT_TYPES,
  type FactType,
  type Outbox,
  type QueuedMessage,
  type SentWindow,
} from '../domain/messages.ts';
import { isNodeId } from '../store/identity-file.ts';
import { type AgentState, openState } from '../store/open-state.ts';
import { StoredOutbox } from '../store/stored-outbox.ts';

/** What a {@link MessageQueue} needs of its owner. */
export interface MessageQueueParts {
  readonly clock: Clock;
  /** The broker has this message. */
  confirmed(message: QueuedMessage): void;
  /** The file cannot be written; it is tried again. */
  failed(reason: string): void;
  /** There may be something to send. */
  wake(): void;
}

/** How a queue is opened. */
export interface MessageQueueOptions {
  /** Null: in memory. */
  readonly path: string | null;
  readonly max: number;
  readonly nodeId: string | null;
}

interface Publication {
  readonly type: FactType;
  readonly payload: string;
  readonly resolve: (isQueued: boolean) => void;
}

/** Time before a transaction is tried again that the disk refused. */
const AGAIN_MS = 1_000;

/** The queue of one client. */
export class MessageQueue {
  /** Who this node is. */
  readonly nodeId: string;
  readonly window: SentWindow;
  /** What the opening found out, as sentences. */
  readonly warnings: readonly string[];
  /** For the sender. */
  readonly outbox: Outbox;
  readonly #state: AgentState;
  readonly #max: number;
  readonly #parts: MessageQueueParts;
  readonly #stored: StoredOutbox;
  /** Messages that were taken and not confirmed, by id. */
  readonly #taken = new Map<number, QueuedMessage>();
  #publications: Publication[] = [];
  #again: Timer | null = null;

  /** Opens it. Throws the errors of `openState`. */
  constructor({ path, max, nodeId }: MessageQueueOptions, parts: MessageQueueParts) {
    const nowMs = parts.clock.nowMs();
    this.#max = max;
    this.#parts = parts;
    this.#state = openState({ path, nowMs });
    const { opened, writer } = this.#state;
    this.warnings = opened.warnings;
    this.window = opened.window;
    this.nodeId = nodeId ?? opened.identity.nodeId;
    // Messages that wait get this node id too. One of another form stands in the messages only.
    if (this.nodeId !== opened.identity.nodeId && isNodeId(this.nodeId)) {
      writer.change(() => writer.setIdentity({ ...writer.identity, nodeId: this.nodeId }), true);
    }
    this.#stored = new StoredOutbox({
      writer,
      settle: () => undefined,
      failed: (error) => this.#failed(error),
      roomMade: () => undefined,
    });
    this.outbox = this.#watched(this.#stored);
  }

  /** The salt that was kept; null without any. */
  get salt(): string | null {
    return this.#state.writer.salt;
  }

  /** The key of statistics that was kept; null without any. */
  get statsKey(): PublicJwk | null {
    return this.#state.writer.identity.statsKey;
  }

  /** Messages that wait or are on their way. */
  get waiting(): number {
    return this.#state.writer.waiting + this.#publications.length;
  }

  /** Puts a message into the queue. Resolves when it is there, on the disk if there is a file; false if that failed. */
  add(type: FactType, payload: string): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#publications.length === 0) setImmediate(() => this.#commit());
      this.#publications.push({ type, payload, resolve });
    });
  }

  /** True if no further message has room. */
  get isFull(): boolean {
    return this.waiting >= this.#max;
  }

  /** The id of the newest message; 0 without any. Publications under way are put into the queue before. */
  newestId(): number {
    this.#commit();
    return this.#state.writer.newestId;
  }

  /** Types of messages that wait and are not newer than the one with this id. */
  waitingUpTo(id: number): readonly FactType[] {
    const { writer } = this.#state;
    return FACT_TYPES.filter((type) =>
      writer.nextMessages(false, new Map([[type, 0]]), 1).some((oldest) => oldest.id <= id),
    );
  }

  keepSalt(salt: string): void {
    this.#keep(() => this.#state.writer.setSalt(salt));
  }

  keepStatsKey(statsKey: PublicJwk): void {
    const { writer } = this.#state;
    this.#keep(() => writer.setIdentity({ ...writer.identity, statsKey }));
  }

  /** Closes the file. Messages in memory are lost. */
  close(): void {
    this.#commit();
    this.#again?.cancel();
    this.#stored.retry();
    this.#state.close(true, (_level, sentence) => this.#parts.failed(sentence));
  }

  #commit(): void {
    const publications = this.#publications;
    if (publications.length === 0) return;
    this.#publications = [];
    const { writer } = this.#state;
    try {
      writer.change(() => {
        for (const { type, payload } of publications) writer.queue({ type, payload, isHistory: false });
      }, true);
    } catch (error) {
      this.#parts.failed(reasonOf(error));
      for (const { resolve } of publications) resolve(false);
      return;
    }
    for (const { resolve } of publications) resolve(true);
    this.#parts.wake();
  }

  #keep(change: () => void): void {
    try {
      this.#state.writer.change(change, true);
    } catch (error) {
      // It is in use all the same, and the next start asks for it again.
      this.#parts.failed(reasonOf(error));
    }
  }

  #failed(error: unknown): void {
    this.#parts.failed(reasonOf(error));
    this.#again?.cancel();
    this.#again = systemTimers.after(AGAIN_MS, () => {
      this.#stored.retry();
      this.#parts.wake();
    });
  }

  /** The outbox, of which this queue learns which messages are confirmed. */
  #watched(outbox: Outbox): Outbox {
    return {
      take: async (limit, nowMs, withoutTypes) => {
        const messages = await outbox.take(limit, nowMs, withoutTypes);
        for (const message of messages) this.#taken.set(message.id, message);
        return messages;
      },
      countPresence: (count, nowMs) => outbox.countPresence(count, nowMs),
      confirmed: async (ids) => {
        await outbox.confirmed(ids);
        const messages = ids.flatMap((id) => this.#taken.get(id) ?? []);
        for (const id of ids) this.#taken.delete(id);
        for (const message of messages) this.#parts.confirmed(message);
      },
      setAside: async (ids, reason) => {
        await outbox.setAside(ids, reason);
        for (const id of ids) this.#taken.delete(id);
      },
      returned: async () => {
        await outbox.returned();
        this.#taken.clear();
      },
    };
  }
}

function reasonOf(error: unknown): string {
  return errorCode(error) ?? 'unknown error';
}
