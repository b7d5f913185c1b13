// The broker's refusals: `-ERR` lines that it sends independently of answers. This file recognises those that leave the
// connection open, and names the refused operation and subject. It acts on none.

import { PermissionViolationError } from 'nats';

/** Time before the program repeats a refused operation, and before it checks a stream with wrong settings again. */
export const REFUSED_RETRY_MS = 30_000;

/** An operation that the broker refuses while the connection stays open; the program learns of it in no other way. */
export interface Refusal {
  readonly operation: 'subscribe' | 'publish' | 'any';
  /** The subject without its random tokens, so that there are few different ones; null if the broker names none. */
  readonly subject: string | null;
  /** The subject with its random tokens. */
  readonly exactSubject: string | null;
  /** The broker's message, for refusals without a subject. */
  readonly sentence: string;
}

/** Messages of refusals that leave the connection open and name no subject. */
const LIMITS = /^maximum subscriptions exceeded|^invalid (?:publish )?subject/i;

/** Subjects whose last tokens are random: inboxes, and consumers without a durable name. */
const DRAWN: readonly (readonly [RegExp, string])[] = [
  [/^(_[A-Z]+)\..*$/, '$1.>'],
  [/^(\$JS\.API\.CONSUMER\.(?:MSG\.NEXT|[A-Z]+)\.[^.]+)\..+$/, '$1.>'],
];

/** Returns null if the broker closes the connection with this error; the loss of the connection then reports it. */
export function refusalOf(error: Error): Refusal | null {
  if (error instanceof PermissionViolationError) {
    const operation = error.operation === 'subscription' ? 'subscribe' : 'publish';
    const { subject, message: sentence } = error;
    return { operation, subject: nameOf(subject), exactSubject: subject, sentence };
  }
  if (!LIMITS.test(error.message)) return null;
  return { operation: 'any', subject: null, exactSubject: null, sentence: error.message };
}

function nameOf(subject: string): string {
  return DRAWN.reduce((name, [pattern, shorter]) => name.replace(pattern, shorter), subject);
}

/** The refusals in force. They are few, because subjects are stored without their random tokens. */
export class Refusals {
  readonly #known = new Map<string, Refusal>();

  get size(): number {
    return this.#known.size;
  }

  /** Returns true if the refusal is new. */
  add(refusal: Refusal): boolean {
    const key = `${refusal.operation} ${refusal.subject ?? refusal.sentence}`;
    const isNews = !this.#known.has(key);
    if (isNews && this.#known.size < REFUSALS_MAX) this.#known.set(key, refusal);
    return isNews;
  }

  has(operation: Refusal['operation'], subject: string | null): boolean {
    return [...this.#known.values()].some(
      (known) => known.operation === operation && known.subject === subject,
    );
  }

  /** Removes a refusal that no longer matters. */
  forget({ operation, subject, sentence }: Refusal): void {
    this.#known.delete(`${operation} ${subject ?? sentence}`);
  }

  clear(): void {
    this.#known.clear();
  }

  /**
   * Returns `the broker does not let the aggregator subscribe to A, B, or publish to C`, without the subject `except`;
   * null if there is no refusal. The sentence does not depend on the order in which the broker sent the refusals.
   */
  describe(except: string | null = null): string | null {
    const refused = [...this.#known.values()].filter(({ subject }) => subject === null || subject !== except);
    const denied = OPERATIONS.flatMap((operation) => {
      const names = subjectsOf(refused, operation);
      return names.length === 0 ? [] : [`${operation} to ${names.toSorted().join(', ')}`];
    });
    const quotes = refused
      .flatMap(({ subject, sentence }) =>
        subject === null ? [`the broker says "${sentence}"${remedyOf(sentence)}`] : [],
      )
      .toSorted();
    const all =
      denied.length === 0
        ? quotes
        : [`the broker does not let the aggregator ${denied.join(', or ')}`, ...quotes];
    return all.length === 0 ? null : all.join('; ');
  }

  /**
   * Returns `allow the aggregator's user to subscribe to A and to publish to B`, with exactly the refused rights; null if
   * no refusal names a subject.
   */
  get remedy(): string | null {
    const rights = OPERATIONS.flatMap((operation) => {
      const names = subjectsOf([...this.#known.values()], operation).map(rightFor);
      return names.length === 0 ? [] : [`to ${operation} to ${[...new Set(names)].join(', ')}`];
    });
    return rights.length === 0 ? null : `allow the aggregator's user ${rights.join(' and ')}`;
  }
}

const OPERATIONS = ['subscribe', 'publish'] as const;

function subjectsOf(refused: readonly Refusal[], operation: Refusal['operation']): readonly string[] {
  return refused.flatMap((known) =>
    known.operation === operation && known.subject !== null ? [known.subject] : [],
  );
}

/** The right to ask for: JetStream uses some ten subjects, and one right covers them all. */
export function rightFor(subject: string): string {
  return subject.startsWith('$JS.API.') ? '$JS.API.>' : subject;
}

function remedyOf(sentence: string): string {
  return /subscriptions/i.test(sentence) ? ' (raise max_subscriptions there)' : '';
}

/** Maximum number of refusals kept and named: there are six inputs and some ten subjects of JetStream. */
const REFUSALS_MAX = 32;
