// What happens to accounts when a service links: those whose state it did not confirm are compared with what it has, and
// sessions that were kept over a restart go on.

import type { Checkpoint } from '../../domain/enclave-link.ts';
import type { Account } from './account.ts';
import type { AccountDeskOptions, AccountDeskParts } from './account-desk-parts.ts';
import type { AccountLoader } from './account-loader.ts';
import type { AccountRunner } from './account-runner.ts';
import type { AccountShelf } from './account-shelf.ts';
import { Session } from './session.ts';
import type { StoreLine } from './store-line.ts';

/** What {@link LinkedAccounts} need. */
export interface LinkedAccountsParts extends AccountDeskParts {
  readonly shelf: AccountShelf;
  readonly stores: StoreLine;
  readonly runner: AccountRunner;
  readonly loader: AccountLoader;
}

/** Called at each link. */
export class LinkedAccounts {
  readonly #options: AccountDeskOptions;
  readonly #parts: LinkedAccountsParts;
  #isResumed = false;

  constructor(options: AccountDeskOptions, parts: LinkedAccountsParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** True while sessions from before a restart may still go on, because no service gave them yet. */
  get isResuming(): boolean {
    return this.#options.persistsSessions && !this.#isResumed;
  }

  /** Never rejects: if the link breaks, the rest follows at the next one. */
  async linked(): Promise<void> {
    for (const account of this.#parts.shelf) if (!account.isConfirmed) await this.#confirm(account);
    if (this.#isResumed || !this.#options.persistsSessions) return;
    try {
      for await (const page of this.#parts.restores.restoreAll()) {
        for (const checkpoint of page) await this.#resume(checkpoint);
      }
      this.#isResumed = true;
    } catch {
      // The link broke.
    }
  }

  async #confirm(account: Account): Promise<void> {
    const { loader, stores, runner, log } = this.#parts;
    const found = await loader.find(account.id);
    await account.alone(async () => {
      if (found.type === 'nothing') stores.confirm(account);
      else if (found.type === 'state') {
        stores.drop(account);
        loader.adopt(account, found);
        runner.store(account);
        log.info(
          `accounts: account ${account.id} goes on from the state that the service has; what was collected before is collected again`,
        );
      } else if (found.type !== 'unknown') {
        log.error(
          `accounts: the service has a state of account ${account.id} that this enclave cannot read; its summaries stay in the enclave`,
        );
      }
    });
  }

  async #resume(checkpoint: Checkpoint): Promise<void> {
    const { loader, shelf, venues, runner, clock, log } = this.#parts;
    if (shelf.byId(checkpoint.accountId) !== null) return;
    const found = loader.read(checkpoint);
    if (found.type !== 'state' || found.state.session === null) return;
    const { facts, credentials } = found.state.session;
    const account = loader.known(checkpoint.accountId, found);
    if (clock.nowMs() >= facts.expiresAtMs) {
      account.facts = facts;
      account.endedAtMs = facts.expiresAtMs;
      shelf.add(account);
      await runner.flush(account);
      return;
    }
    const refusal = await venues.refusal(account.place, credentials).catch(() => 'It cannot be loaded.');
    if (refusal !== null || shelf.running >= this.#options.accountsMax) {
      log.warn(
        `accounts: the session of account ${account.id} does not go on (${refusal ?? 'MAX_ACCOUNTS is reached'}); register it again`,
      );
      return;
    }
    runner.begin(account, new Session(facts, credentials));
  }
}
