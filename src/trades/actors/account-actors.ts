// Makes the actors of accounts and puts them under the supervisor. It decides nothing.

import type { FailureOutcome } from '../../actors/restart.ts';
import type { AccountJudge, AccountStart } from '../domain/account-state.ts';
import { AccountActor } from './account-actor.ts';
import type { WardKeeper } from './job-actors.ts';

/** The actors of all accounts, as many as there are accounts. */
export class AccountActors {
  readonly #keeper: WardKeeper;

  constructor(keeper: WardKeeper) {
    this.#keeper = keeper;
  }

  /** Starts the actor of an account. `failed` hears when it throws. */
  takeIn(
    accountId: string,
    start: AccountStart,
    failed: (outcome: FailureOutcome, error: unknown) => void,
  ): AccountJudge {
    const actor = new AccountActor(accountId, start, { failed });
    this.#keeper.takeIn(actor);
    return actor;
  }

  /** Ends the actor of an account; without effect if it is not here. */
  letGo(accountId: string): void {
    this.#keeper.letGo(AccountActor.idOf(accountId));
  }
}
