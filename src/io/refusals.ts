// What a broker refuses without being asked about it: `-ERR` lines that come beside the answers. Tells which of them leave
// the connection open, and names what was refused. It acts on none.

import { PermissionViolationError } from 'nats';

/** Time before what the broker refuses is tried again, and a stream that is not as wanted is looked at again. */
export const REFUSED_RETRY_MS = 30_000;

/** Something that the broker does not let us do; the connection stays open, and nothing else tells of it. */
export interface Refusal {
  readonly operation: 'subscribe' | 'publish' | 'any';
  /** Without what is drawn by lot, so that there are few; null where the broker does not say which. */
  readonly subject: string | null;
  /** The same with it. */
  readonly exactSubject: string | null;
  /** What the broker said, where it named no subject. */
  readonly sentence: string;
}

/** Refusals that leave the connection open and name no subject. */
const LIMITS = /^maximum subscriptions exceeded|^invalid (?:publish )?subject/i;

/** Inboxes, and consumers without a durable name: the last tokens are drawn by lot. */
const DRAWN: readonly (readonly [RegExp, string])[] = [
  [/^(_[A-Z]+)\..*$/, '$1.>'],
  [/^(\$JS\.API\.CONSUMER\.(?:MSG\.NEXT|[A-Z]+)\.[^.]+)\..+$/, '$1.>'],
];

/** Null if the broker closes the connection with it: then the loss is told. */
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

/** What is refused now: few, for subjects are named without what is drawn by lot. */
export class Refusals {
  readonly #known = new Map<string, Refusal>();

  get size(): number {
    return this.#known.size;
  }

  /** True if this is news. */
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

  /** It does not matter any more. */
  forget({ operation, subject, sentence }: Refusal): void {
    this.#known.delete(`${operation} ${subject ?? sentence}`);
  }

  clear(): void {
    this.#known.clear();
  }

  /**
   * `the broker does not let us subscribe to A, B, or publish to C`, without `except`; null if nothing is refused. The same
   * refusals are always the same sentence, in whatever order the broker sent them.
   */
  describe(except: string | null = null): string | null {
    const refused = [...this.#known.values()].filter(({ subject }) => subject === null || subject !== except);
    const denied = OPERATIONS.flatMap((operation) => {
      const names = subjectsOf(refused, operation);
      return names.length === 0 ? [] : [`${operation} to ${names.toSorted().join(', ')}`];
    });
    const said = refused
      .flatMap(({ subject, sentence }) =>
        subject === null ? [`the broker says "${sentence}"${remedyOf(sentence)}`] : [],
      )
      .toSorted();
    const all = denied.length === 0 ? said : [`the broker does not let us ${denied.join(', or ')}`, ...said];
    return all.length === 0 ? null : all.join('; ');
  }

  /** `allow our user to subscribe to A and to publish to B`: what is refused, and no more; null if no subject is. */
  get remedy(): string | null {
    const rights = OPERATIONS.flatMap((operation) => {
      const names = subjectsOf([...this.#known.values()], operation).map(rightFor);
      return names.length === 0 ? [] : [`to ${operation} to ${[...new Set(names)].join(', ')}`];
    });
    return rights.length === 0 ? null : `allow our user ${rights.join(' and ')}`;
  }
}

const OPERATIONS = ['subscribe', 'publish'] as const;

function subjectsOf(refused: readonly Refusal[], operation: Refusal['operation']): readonly string[] {
  return refused.flatMap((known) =>
    known.operation === operation && known.subject !== null ? [known.subject] : [],
  );
}

/** What to allow for it: JetStream is used by some ten subjects, and one right names them all. */
export function rightFor(subject: string): string {
  return subject.startsWith('$JS.API.') ? '$JS.API.>' : subject;
}

function remedyOf(sentence: string): string {
  return /subscriptions/i.test(sentence) ? ' (raise max_subscriptions there)' : '';
}

/** More are not named: there are six inputs, and some ten subjects of JetStream. */
const REFUSALS_MAX = 32;
