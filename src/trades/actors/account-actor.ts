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
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one account; it decides from the moment when the supervisor has taken it in. */
export class AccountActor
  extends MachineWard<Snapshot, AccountSignal, AccountCommand>
  implements AccountJudge
{
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

  get state(): AccountState {
    return this.snapshot.value;
  }

  get node(): NodeState {
    return this.snapshot.context.node;
  }

  get reason(): AccountReason | null {
    return this.snapshot.context.reason;
  }

  get exchangeCode(): string | null {
    return this.snapshot.context.exchangeCode;
  }

  get intervalMs(): number {
    return this.snapshot.context.pace.intervalMs;
  }
}
