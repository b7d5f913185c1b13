// The running actor of one account: a ward of the supervisor, which starts it again after a failure from what it last
// remembered. The rules are the machine's (account.ts).

import { type Actor, type AnyActorRef, createActor, type SnapshotFrom } from 'xstate';
import type { FailureOutcome } from '../../actors/restart.ts';
import type { Ward } from '../../actors/supervisor.ts';
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

/** What an {@link AccountActor} needs of its owner. */
export interface AccountActorParts {
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one account; it decides from the moment when the supervisor has taken it in. */
export class AccountActor implements Ward, AccountJudge {
  readonly id: string;
  readonly #parts: AccountActorParts;
  #snapshot: SnapshotFrom<typeof accountMachine>;
  #actor: Actor<typeof accountMachine> | null = null;
  #commands: AccountCommand[] = [];
  /** True if the signal at hand made the actor throw, and the supervisor started it again. */
  #wasRestarted = false;

  constructor(accountId: string, start: AccountStart, parts: AccountActorParts) {
    this.id = AccountActor.idOf(accountId);
    this.#parts = parts;
    this.#snapshot = accountMachine.resolveState({ value: 'waiting', context: accountContext(start) });
  }

  /** The supervisor's id of the actor of this account. */
  static idOf(accountId: string): string {
    return `account ${accountId}`;
  }

  get state(): AccountState {
    return this.#snapshot.value;
  }

  get node(): NodeState {
    return this.#snapshot.context.node;
  }

  get reason(): AccountReason | null {
    return this.#snapshot.context.reason;
  }

  get exchangeCode(): string | null {
    return this.#snapshot.context.exchangeCode;
  }

  get intervalMs(): number {
    return this.#snapshot.context.pace.intervalMs;
  }

  /** A signal that made the actor throw is told once more after its restart, so that polling goes on. */
  tell(signal: AccountSignal): readonly AccountCommand[] {
    this.#wasRestarted = false;
    const commands = this.#send(signal);
    return this.#wasRestarted ? this.#send(signal) : commands;
  }

  start(parent: AnyActorRef): Actor<typeof accountMachine> {
    const input = this.#snapshot.context;
    const actor = createActor(accountMachine, { id: this.id, snapshot: this.#snapshot, parent, input });
    actor.on('*', (command) => this.#commands.push(command));
    this.#actor = actor;
    return actor.start();
  }

  failed(outcome: FailureOutcome, error: unknown): void {
    this.#commands = [];
    if (outcome === 'given_up') this.#actor = null;
    else this.#wasRestarted = true;
    this.#parts.failed(outcome, error);
  }

  #send(signal: AccountSignal): readonly AccountCommand[] {
    this.#commands = [];
    const actor = this.#actor;
    // The supervisor may have let it go.
    if (actor === null || actor.getSnapshot().status !== 'active') return [];
    actor.send(signal);
    const snapshot = actor.getSnapshot();
    // After a failure this snapshot is not active, and the last good one stays.
    if (snapshot.status === 'active') this.#snapshot = snapshot;
    return this.#commands;
  }
}
