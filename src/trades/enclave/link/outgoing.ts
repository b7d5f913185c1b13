// What the enclave has for the service to store: signed summaries with their checkpoints, and checkpoints alone. It keeps
// each until the service has stored it, and sends it again, in order, after a broken link. It knows no socket.

import { CodedError } from '../../../lib/errors.ts';
import {
  type Checkpoint,
  type EnclaveMessage,
  type PolledSummary,
  STORES_UNDER_WAY_MAX,
  UNSTORED_SUMMARIES_MAX,
} from '../../domain/enclave-link.ts';

/** Bytes of all summaries and checkpoints that wait, beyond which no further summary is taken. */
export const UNSTORED_BYTES_MAX = 268_435_456;
/** Checkpoints without a summary that wait; each account has at most one. */
export const WAITING_CHECKPOINTS_MAX = 10_000;
/** Bytes that are under way before the first message of them is answered, unless one message alone is longer. */
const UNDER_WAY_BYTES_MAX = 16_777_216;

/** Something that will never be stored. `dropped`: its account was dropped. `refused`: the service found it wrong. */
export class NotStoredError extends Error {
  override readonly name = 'NotStoredError';
  readonly kind: 'dropped' | 'refused';
  constructor(kind: 'dropped' | 'refused') {
    super(`A summary or checkpoint was ${kind} and will not be stored.`);
    this.kind = kind;
  }
}

type Store = Extract<EnclaveMessage, { type: 'store' }>;

interface Entry {
  readonly message: Store;
  readonly accountId: string;
  readonly bytes: number;
  /** More than one if a checkpoint took the place of earlier ones. */
  readonly waiters: readonly PromiseWithResolvers<void>[];
  isDropped: boolean;
}

/** Sends a message to the service; resolves when there is room for another one. */
export type SendStore = (message: Store) => Promise<unknown>;

/** Everything that the service has not stored yet. */
export class Outgoing {
  /** By number, which ascends: in the order in which they are sent. */
  #unsent = new Map<number, Entry>();
  #sent = new Map<number, Entry>();
  /** Numbers of the unsent checkpoints without a summary, by account. */
  readonly #alone = new Map<string, number>();
  #lastNumber = 0;
  #summaries = 0;
  #bytes = 0;
  #sentBytes = 0;
  #send: SendStore | null = null;
  #isSending = false;
  #emptied: (() => void)[] = [];

  /** Summaries that the service has not stored yet. */
  get unstoredSummaries(): number {
    return this.#summaries;
  }

  /** True while no further summary is taken: polling has to stop. */
  get isFull(): boolean {
    return this.#summaries >= UNSTORED_SUMMARIES_MAX || this.#bytes >= UNSTORED_BYTES_MAX;
  }

  /**
   * Has the service store a summary, a checkpoint, or both at once; one of them must be there. Resolves when they are on
   * the service's disk. A checkpoint alone takes the place of an earlier one of its account that was not sent yet.
   * Errors: `too_many` if {@link isFull} and there is a summary, or if {@link WAITING_CHECKPOINTS_MAX} are waiting; a
   * {@link NotStoredError}.
   */
  store(summary: PolledSummary | null, checkpoint: Checkpoint | null): Promise<void> {
    const accountId = summary?.accountId ?? checkpoint?.accountId;
    if (accountId === undefined) return Promise.resolve();
    if (summary !== null && this.isFull) return tooMany();
    const isNew = !this.#alone.has(accountId);
    if (summary === null && isNew && this.#alone.size >= WAITING_CHECKPOINTS_MAX) return tooMany();
    const waiter = Promise.withResolvers<void>();
    // Whoever does not wait for it needs no error.
    waiter.promise.catch(() => undefined);
    const replaced = summary === null ? this.#takeAlone(accountId) : null;
    const number = ++this.#lastNumber;
    const bytes = (summary?.body.length ?? 0) + (checkpoint?.sealed.length ?? 0);
    this.#unsent.set(number, {
      message: { type: 'store', number, summary, checkpoint },
      accountId,
      bytes,
      waiters: [...(replaced?.waiters ?? []), waiter],
      isDropped: false,
    });
    this.#bytes += bytes;
    if (summary === null) this.#alone.set(accountId, number);
    else this.#summaries++;
    this.#pump();
    return waiter.promise;
  }

  /** Removes what is not sent of an account. What is under way may still be stored, and is not sent again. */
  drop(accountId: string): void {
    for (const [number, entry] of this.#unsent) {
      if (entry.accountId !== accountId) continue;
      this.#unsent.delete(number);
      this.#remove(entry, new NotStoredError('dropped'));
    }
    this.#alone.delete(accountId);
    for (const entry of this.#sent.values()) if (entry.accountId === accountId) entry.isDropped = true;
  }

  /** A service is linked: everything is sent, what was under way before first. */
  linked(send: SendStore): void {
    this.#send = send;
    this.#isSending = false;
    this.#pump();
  }

  /** No service is linked any more. */
  unlinked(): void {
    this.#send = null;
    const [sent, unsent] = [this.#sent, this.#unsent];
    this.#sent = new Map();
    this.#unsent = new Map();
    this.#sentBytes = 0;
    for (const [number, entry] of [...sent, ...unsent]) {
      if (entry.isDropped) this.#remove(entry, new NotStoredError('dropped'));
      else this.#putBack(number, entry);
    }
  }

  /** The service answered: it stored the message with this number, or refuses it. Unknown numbers are ignored. */
  answered(number: number, answer: 'stored' | 'refused'): void {
    const entry = this.#sent.get(number);
    if (entry === undefined) return;
    this.#sent.delete(number);
    this.#sentBytes -= entry.bytes;
    this.#remove(entry, answer === 'stored' ? null : new NotStoredError('refused'));
    this.#pump();
  }

  /** Resolves when nothing waits. */
  async emptied(): Promise<void> {
    if (this.#unsent.size + this.#sent.size === 0) return;
    await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  #pump(): void {
    while (this.#send !== null && !this.#isSending && this.#sent.size < STORES_UNDER_WAY_MAX) {
      const [first] = this.#unsent;
      if (first === undefined) return;
      const [number, entry] = first;
      if (this.#sent.size > 0 && this.#sentBytes + entry.bytes > UNDER_WAY_BYTES_MAX) return;
      this.#unsent.delete(number);
      if (this.#alone.get(entry.accountId) === number) this.#alone.delete(entry.accountId);
      this.#sent.set(number, entry);
      this.#sentBytes += entry.bytes;
      this.#hand(this.#send, entry);
    }
  }

  #hand(send: SendStore, entry: Entry): void {
    this.#isSending = true;
    const goOn = () => {
      // Another link may have come meanwhile.
      if (this.#send !== send) return;
      this.#isSending = false;
      this.#pump();
    };
    // A message that is too long for the link can never be stored.
    const fail = () => this.answered(entry.message.number, 'refused');
    void send(entry.message).catch(fail).then(goOn);
  }

  #putBack(number: number, entry: Entry): void {
    if (entry.message.summary === null) {
      // A later checkpoint of the account has all that the earlier one had.
      const earlier = this.#takeAlone(entry.accountId, number);
      this.#alone.set(entry.accountId, number);
      const waiters = [...(earlier?.waiters ?? []), ...entry.waiters];
      this.#unsent.set(number, { ...entry, waiters });
      return;
    }
    this.#unsent.set(number, entry);
  }

  /** Takes the unsent checkpoint of an account out, for another one to take its place; null if there is none. */
  #takeAlone(accountId: string, exceptNumber = 0): Entry | null {
    const number = this.#alone.get(accountId);
    const entry = number === undefined ? undefined : this.#unsent.get(number);
    if (number === undefined || entry === undefined || number === exceptNumber) return null;
    this.#unsent.delete(number);
    this.#alone.delete(accountId);
    this.#bytes -= entry.bytes;
    return entry;
  }

  #remove({ message, bytes, waiters }: Entry, error: NotStoredError | null): void {
    this.#bytes -= bytes;
    if (message.summary !== null) this.#summaries--;
    for (const waiter of waiters) {
      if (error === null) waiter.resolve();
      else waiter.reject(error);
    }
    if (this.#unsent.size + this.#sent.size > 0) return;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }
}

function tooMany(): Promise<never> {
  return Promise.reject(
    new CodedError('too_many', 'Too much waits in the enclave for the service to store it.'),
  );
}
