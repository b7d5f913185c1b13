// The subscriptions of a client: which handler hears which subject. A message that comes over several overlapping
// subscriptions is passed on once. It parses nothing and connects nowhere.

import type { MessageHandler } from './types.ts';

/** What the subscriptions need of the connection. */
export interface SubscriptionParts<Message> {
  /** Subscribes at the broker, on this connection and on later ones; returns what ends that. */
  listen(subject: string, heard: (message: Message, subject: string) => void): () => void;
  /** Takes a message once, with every handler that wants it. */
  deliver(message: Message, subject: string, handlers: readonly MessageHandler[]): void;
}

/** A subscription at the broker. */
interface Heard {
  readonly end: () => void;
  /** Number of wishes that rely on it. */
  uses: number;
  /** False if the broker does not allow it. */
  isAllowed: boolean;
}

/** What a caller wants to hear. */
interface Wish {
  readonly pattern: string;
  readonly handler: MessageHandler | null;
  /** The subscription at the broker that brings it; it covers the pattern. */
  over: string;
}

/** Subjects that a client may subscribe to at a time, each with any number of handlers. */
export const SUBSCRIBED_SUBJECTS_MAX = 100;

/** The subscriptions of one client. */
export class Subscriptions<Message> {
  readonly #parts: SubscriptionParts<Message>;
  /** By pattern, the oldest first. */
  readonly #heard = new Map<string, Heard>();
  readonly #wishes = new Set<Wish>();

  constructor(parts: SubscriptionParts<Message>) {
    this.#parts = parts;
  }

  /** Number of subscriptions at the broker. */
  get size(): number {
    return this.#heard.size;
  }

  /** True if one more subject is too many. */
  isFullFor(pattern: string): boolean {
    return !this.#heard.has(pattern) && this.#heard.size >= SUBSCRIBED_SUBJECTS_MAX;
  }

  /**
   * Lets the handler hear what matches `pattern`. `over` is subscribed to at the broker and covers the pattern. Returns what
   * ends this.
   */
  add(pattern: string, handler: MessageHandler | null, over = pattern): () => void {
    const wish = { pattern, handler, over };
    this.#wishes.add(wish);
    this.#use(over);
    return () => {
      if (this.#wishes.delete(wish)) this.#release(wish.over);
    };
  }

  /**
   * The broker does not allow this subscription. Other subscriptions now bring what it would have brought, and wishes that
   * relied on it get one of their own.
   */
  refused(pattern: string): void {
    const heard = this.#heard.get(pattern);
    if (heard === undefined) return;
    heard.isAllowed = false;
    for (const wish of this.#wishes) {
      if (wish.over !== pattern || wish.pattern === pattern) continue;
      wish.over = wish.pattern;
      this.#use(wish.pattern);
      heard.uses -= 1;
    }
  }

  /** A new connection was made, and may allow what the last one did not. */
  connected(): void {
    for (const heard of this.#heard.values()) heard.isAllowed = true;
  }

  /** Subscribes to everything anew, for a connection of another owner. */
  again(): void {
    for (const [pattern, { uses }] of this.#heard) this.#heard.set(pattern, this.#listen(pattern, uses));
  }

  /** Ends everything. */
  clear(): void {
    for (const { end } of this.#heard.values()) end();
    this.#heard.clear();
    this.#wishes.clear();
  }

  #use(pattern: string): void {
    const heard = this.#heard.get(pattern);
    if (heard === undefined) this.#heard.set(pattern, this.#listen(pattern, 1));
    else heard.uses += 1;
  }

  #release(pattern: string): void {
    const heard = this.#heard.get(pattern);
    if (heard === undefined) return;
    heard.uses -= 1;
    if (heard.uses > 0) return;
    heard.end();
    this.#heard.delete(pattern);
  }

  #listen(pattern: string, uses: number): Heard {
    const end = this.#parts.listen(pattern, (message, subject) => this.#take(pattern, message, subject));
    return { end, uses, isAllowed: true };
  }

  #take(from: string, message: Message, subject: string): void {
    // Every matching subscription brings the message: the oldest of them passes it on.
    for (const [pattern, { isAllowed }] of this.#heard) {
      if (pattern === from) break;
      if (isAllowed && covers(pattern, subject)) return;
    }
    const handlers = [...this.#wishes].flatMap(({ pattern, handler }) =>
      handler !== null && covers(pattern, subject) ? [handler] : [],
    );
    this.#parts.deliver(message, subject, handlers);
  }
}

/** True if every subject that matches `other` matches `pattern`. `*` stands for one word, `>` for one or more. */
export function covers(pattern: string, other: string): boolean {
  const words = pattern.split('.');
  const others = other.split('.');
  for (const [index, word] of words.entries()) {
    const theirs = others[index];
    if (theirs === undefined) return false;
    if (word === '>') return true;
    if (theirs === '>' || (word !== '*' && word !== theirs)) return false;
  }
  return words.length === others.length;
}

/** True for a subject that can be subscribed to: words between dots, `*` and `>` only as whole words, `>` only last. */
export function isPattern(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text.length <= 256 &&
    /^(?:[^\s.*>]+|\*)(?:\.(?:[^\s.*>]+|\*))*(?:\.>)?$|^>$/.test(text)
  );
}
