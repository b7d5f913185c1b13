// The running actor of the connection: a ward of the supervisor. The rules are the machine's (connection.ts).

import { createActor, type SnapshotFrom } from 'xstate';
import { MachineWard } from '../../actors/machine-ward.ts';
import type { FailureOutcome } from '../../actors/restart.ts';
import type {
  BreakerState,
  ConnectionCommand,
  ConnectionJudge,
  ConnectionSignal,
  ConnectionState,
} from '../domain/connection-state.ts';
import { connectionMachine, INITIAL_CONTEXT } from './connection.ts';

type Snapshot = SnapshotFrom<typeof connectionMachine>;

/** What a {@link ConnectionActor} needs of its owner. */
export interface ConnectionActorParts {
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of the one connection; it decides from the moment when the supervisor has taken it in. */
export class ConnectionActor
  extends MachineWard<Snapshot, ConnectionSignal, ConnectionCommand>
  implements ConnectionJudge
{
  constructor(parts: ConnectionActorParts) {
    super({
      // A lost connection or an ended attempt is told once only.
      tellsAgain: true,
      failed: (outcome, error) => parts.failed(outcome, error),
      id: 'connection',
      snapshot: connectionMachine.resolveState({
        value: { link: 'away', breaker: 'closed' },
        context: INITIAL_CONTEXT,
      }),
      create: (snapshot, id, parent) =>
        createActor(connectionMachine, { id, snapshot, parent, input: snapshot.context }),
    });
  }

  get state(): ConnectionState {
    return this.snapshot.value.link;
  }

  get breaker(): BreakerState {
    return this.snapshot.value.breaker;
  }

  get failures(): number {
    return this.snapshot.context.failures;
  }
}
