// Hands summaries and checkpoints of accounts to the link. Those of an account whose state the service did not confirm
// wait here, because the service may have a later state of it. It seals no summary.

import type { Log } from '../../../io/log.ts';
import { type Checkpoint, type PolledSummary, UNSTORED_SUMMARIES_MAX } from '../../domain/enclave-link.ts';
import type { Account } from './account.ts';
import { sealCheckpoint } from './account-checkpoint.ts';
import type { AccountDeskOptions, AccountDeskParts } from './account-desk-parts.ts';

/** Bytes of everything that waits for a first service, beyond which polling stops. */
const UNCONFIRMED_BYTES_MAX = 134_217_728;

interface Waiting {
  readonly summary: PolledSummary | null;
  readonly checkpoint: Checkpoint | null;
}

/** What a {@link StoreLine} needs. */
export type StoreLineParts = Pick<AccountDeskParts, 'outgoing' | 'keys'> & {
  readonly log: Pick<Log, 'error'>;
};

/** The line to the service. */
export class StoreLine {
  readonly #parts: StoreLineParts;
  readonly #persistsSessions: boolean;
  readonly #waiting = new Map<Account, Waiting[]>();
  #summaries = 0;
  #bytes = 0;

  constructor({ persistsSessions }: Pick<AccountDeskOptions, 'persistsSessions'>, parts: StoreLineParts) {
    this.#parts = parts;
    this.#persistsSessions = persistsSessions;
  }

  /** True while no further summary is taken: polling waits. */
  get isFull(): boolean {
    const { outgoing } = this.#parts;
    return (
      outgoing.isFull ||
      outgoing.unstoredSummaries + this.#summaries >= UNSTORED_SUMMARIES_MAX ||
      this.#bytes >= UNCONFIRMED_BYTES_MAX
    );
  }

  /** Summaries that the service has not stored. */
  get unstoredSummaries(): number {
    return this.#parts.outgoing.unstoredSummaries + this.#summaries;
  }

  /** Has a summary stored with the present state of its account, or the state alone. Call it only if it is not full. */
  give(account: Account, summary: PolledSummary | null): void {
    const store = { summary, checkpoint: this.#checkpoint(account) };
    account.unstored += 1;
    if (account.isConfirmed) this.#store(account, store);
    else this.#keep(account, store);
  }

  /** Has it stored that the key with this id belongs to the account. */
  giveAlias(aliasId: string, account: Account, turn: number): void {
    const { keys, outgoing } = this.#parts;
    const content = { type: 'alias', accountId: account.id } as const;
    const checkpoint = sealCheckpoint(keys, { accountId: aliasId, seq: 0, turn }, content);
    // Without it the key is registered with the earlier token once more.
    outgoing.store(null, checkpoint).catch(() => undefined);
  }

  /** The service has no other state of the account: what waits is handed over, in order. */
  confirm(account: Account): void {
    account.isConfirmed = true;
    for (const store of this.#take(account)) this.#store(account, store);
  }

  /** The service has another state of the account: what waits is dropped. */
  drop(account: Account): void {
    account.unstored -= this.#take(account).length;
  }

  #checkpoint(account: Account): Checkpoint | null {
    const { book, place, session } = account;
    account.turn += 1;
    const checkpoint = sealCheckpoint(
      this.#parts.keys,
      { accountId: account.id, seq: book.seq, turn: account.turn },
      {
        type: 'account',
        place,
        book: book.toState(),
        session: this.#persistsSessions && session !== null ? session.toState() : null,
      },
    );
    if (checkpoint === null)
      this.#parts.log.error(
        `accounts: the state of account ${account.id} is too long to be kept, so a restart goes on from an earlier one`,
      );
    return checkpoint;
  }

  #keep(account: Account, store: Waiting): void {
    const waiting = this.#waiting.get(account) ?? [];
    this.#waiting.set(account, waiting);
    const last = waiting.at(-1);
    if (store.summary === null && last !== undefined && last.summary === null) {
      waiting.pop();
      this.#count(last, -1);
      account.unstored -= 1;
    }
    waiting.push(store);
    this.#count(store, 1);
  }

  #take(account: Account): readonly Waiting[] {
    const waiting = this.#waiting.get(account) ?? [];
    this.#waiting.delete(account);
    for (const store of waiting) this.#count(store, -1);
    return waiting;
  }

  #count({ summary, checkpoint }: Waiting, sign: 1 | -1): void {
    if (summary !== null) this.#summaries += sign;
    this.#bytes += sign * ((summary?.body.length ?? 0) + (checkpoint?.sealed.length ?? 0));
  }

  #store(account: Account, { summary, checkpoint }: Waiting): void {
    const ended = () => {
      account.unstored -= 1;
    };
    this.#parts.outgoing.store(summary, checkpoint).then(ended, (error: unknown) => {
      ended();
      if (summary === null) return;
      this.#parts.log.error(
        `accounts: summary ${summary.seq} of account ${account.id} will not be stored; its backend will show that it is missing`,
        { error },
      );
    });
  }
}
