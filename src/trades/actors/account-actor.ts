// The running actor of one account: a ward of the supervisor. The rules are the machine's (account.ts).

import { createActor, type SnapshotFrom } from 'xstate';
import { MachineWard } from '../../actors/machine-ward.ts';
import type { FailureOutcome } from '../../actors/restart.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { AccountReason } from '../domain/account.ts';
import type {
  AccountCommand,
  AccountJudge,
  AccountSignal,
  AccountStart,
  AccountState,
} from '../domain/account-state.ts';
import { accountContext, accountMachine } from './account.ts';

type Snapshot = SnapshotFrom<typeof accountMachine>;

/** What an {@link AccountActor} needs of its owner. */
export interface AccountActorParts {
  /** The actor threw, which is a defect of the program. The account of a given up actor is suspended. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one account; it decides from the moment when the supervisor has taken it in. */
export class AccountActor
  extends MachineWard<Snapshot, AccountSignal, AccountCommand>
  implements AccountJudge
{
  /** Failures of the signal at hand. */
  #failures = 0;
  #isGivenUp = false;

  constructor(accountId: string, start: AccountStart, parts: AccountActorParts) {
    super({
      tellsAgain: true,
      failed: (outcome, error) => parts.failed(outcome, error),
      id: AccountActor.idOf(accountId),
      snapshot: accountMachine.resolveState({ value: 'waiting', context: accountContext(start) }),
      create: (snapshot, id, parent) =>
        createActor(accountMachine, { id, snapshot, parent, input: snapshot.context }),
    });
  }

  /** The supervisor's id of the actor of this account. */
  static idOf(accountId: string): string {
    return `account ${accountId}`;
  }

  /** A signal that fails twice would fail with each poll: the account is suspended, as one whose actor was given up. */
  override tell(signal: AccountSignal): readonly AccountCommand[] {
    this.#failures = 0;
    const wasGivenUp = this.#isGivenUp;
    let commands = super.tell(signal);
    if (this.#failures > 1 && !this.#isGivenUp) commands = super.tell({ type: 'barred', reason: 'defect' });
    return this.#isGivenUp && !wasGivenUp ? [{ type: 'stop' }] : commands;
  }

  override failed(outcome: FailureOutcome, error: unknown): void {
    this.#failures += 1;
    this.#isGivenUp = outcome === 'given_up';
    super.failed(outcome, error);
  }

  get state(): AccountState {
    return this.#isGivenUp ? 'suspended' : this.snapshot.value;
  }

  get node(): NodeState {
    return this.#isGivenUp ? 'offline' : this.snapshot.context.node;
  }

  get reason(): AccountReason | null {
    return this.#isGivenUp ? 'defect' : this.snapshot.context.reason;
  }

  get exchangeCode(): string | null {
    return this.snapshot.context.exchangeCode;
  }

  get intervalMs(): number {
    return this.snapshot.context.pace.intervalMs;
  }
}
