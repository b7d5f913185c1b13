// The running actor of one job: a ward of the supervisor. The rules are the machine's (job.ts).

import { createActor, type SnapshotFrom } from 'xstate';
import { MachineWard } from '../../actors/machine-ward.ts';
import type { FailureOutcome } from '../../actors/restart.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { JobCommand, JobJudge, JobSignal, JobStart, JobState } from '../domain/job-state.ts';
import { jobContext, jobMachine } from './job.ts';

type Snapshot = SnapshotFrom<typeof jobMachine>;

/** What a {@link JobActor} needs of its owner. */
export interface JobActorParts {
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one job; it decides from the moment when the supervisor has taken it in. */
export class JobActor extends MachineWard<Snapshot, JobSignal, JobCommand> implements JobJudge {
  /** `jobHash` is the SHA-256 of the job id: the id is a capability, and is never given to the supervisor. */
  constructor(jobHash: string, start: JobStart, parts: JobActorParts) {
    super({
      tellsAgain: true,
      failed: (outcome, error) => parts.failed(outcome, error),
      id: JobActor.idOf(jobHash),
      snapshot: jobMachine.resolveState({ value: start.state, context: jobContext(start) }),
      create: (snapshot, id, parent) =>
        createActor(jobMachine, { id, snapshot, parent, input: snapshot.context }),
    });
  }

  /** The supervisor's id of the actor of this job. */
  static idOf(jobHash: string): string {
    return `job ${jobHash}`;
  }

  get state(): JobState {
    return this.snapshot.value;
  }

  get node(): NodeState {
    return this.snapshot.context.node;
  }
}
