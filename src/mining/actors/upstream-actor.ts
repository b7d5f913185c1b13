// The running actor of one upstream: a ward of the supervisor. The rules are the machine's (upstream.ts).

import { createActor, type SnapshotFrom } from 'xstate';
import { MachineWard } from '../../actors/machine-ward.ts';
import type { FailureOutcome } from '../../actors/restart.ts';
import type {
  UpstreamCommand,
  UpstreamJudge,
  UpstreamSignal,
  UpstreamState,
} from '../domain/upstream-state.ts';
import { initialContext, upstreamMachine } from './upstream.ts';

type Snapshot = SnapshotFrom<typeof upstreamMachine>;

/** What an {@link UpstreamActor} needs of its owner. */
export interface UpstreamActorParts {
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one upstream; it decides from the moment when the supervisor has taken it in. */
export class UpstreamActor
  extends MachineWard<Snapshot, UpstreamSignal, UpstreamCommand>
  implements UpstreamJudge
{
  /** `nowMs` on a clock that never goes back. */
  constructor(name: string, nowMs: number, parts: UpstreamActorParts) {
    super({
      tellsAgain: false,
      failed: (outcome, error) => parts.failed(outcome, error),
      id: UpstreamActor.idOf(name),
      snapshot: upstreamMachine.resolveState({ value: 'probing', context: initialContext(nowMs) }),
      create: (snapshot, id, parent) =>
        createActor(upstreamMachine, { id, snapshot, parent, input: snapshot.context }),
    });
  }

  /** The supervisor's id of the actor of this upstream. */
  static idOf(name: string): string {
    return `upstream ${name}`;
  }

  get state(): UpstreamState {
    return this.snapshot.value;
  }
}
