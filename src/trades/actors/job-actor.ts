// The running actor of one job: a ward of the supervisor, which starts it again after a failure from what it last
// remembered. The rules are the machine's (job.ts).

import { type Actor, type AnyActorRef, createActor, type SnapshotFrom } from 'xstate';
import type { FailureOutcome } from '../../actors/restart.ts';
import type { Ward } from '../../actors/supervisor.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { JobCommand, JobJudge, JobSignal, JobStart, JobState } from '../domain/job-state.ts';
import { jobContext, jobMachine } from './job.ts';

/** What a {@link JobActor} needs of its owner. */
export interface JobActorParts {
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one job; it decides from the moment when the supervisor has taken it in. */
export class JobActor implements Ward, JobJudge {
  readonly id: string;
  readonly #parts: JobActorParts;
  #snapshot: SnapshotFrom<typeof jobMachine>;
  #actor: Actor<typeof jobMachine> | null = null;
  #commands: JobCommand[] = [];
  /** True if the signal at hand made the actor throw, and the supervisor started it again. */
  #wasRestarted = false;

  /** `jobHash` is the SHA-256 of the job id: the id is a capability, and is never given to the supervisor. */
  constructor(jobHash: string, start: JobStart, parts: JobActorParts) {
    this.id = JobActor.idOf(jobHash);
    this.#parts = parts;
    this.#snapshot = jobMachine.resolveState({ value: start.state, context: jobContext(start) });
  }

  /** The supervisor's id of the actor of this job. */
  static idOf(jobHash: string): string {
    return `job ${jobHash}`;
  }

  get state(): JobState {
    return this.#snapshot.value;
  }

  get node(): NodeState {
    return this.#snapshot.context.node;
  }

  /** A signal that made the actor throw is told once more after its restart, so that the job goes on. */
  tell(signal: JobSignal): readonly JobCommand[] {
    this.#wasRestarted = false;
    const commands = this.#send(signal);
    return this.#wasRestarted ? this.#send(signal) : commands;
  }

  start(parent: AnyActorRef): Actor<typeof jobMachine> {
    const input = this.#snapshot.context;
    const actor = createActor(jobMachine, { id: this.id, snapshot: this.#snapshot, parent, input });
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

  #send(signal: JobSignal): readonly JobCommand[] {
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
