// Makes the actors of jobs and puts them under the supervisor. It decides nothing.

import type { FailureOutcome } from '../../actors/restart.ts';
import type { Ward } from '../../actors/supervisor.ts';
import type { JobJudge, JobStart } from '../domain/job-state.ts';
import { JobActor } from './job-actor.ts';

/** The supervisor, as the jobs use it. */
export interface WardKeeper {
  /** Puts an actor under the supervisor. A ward with this id must not be here. */
  takeIn(ward: Ward): void;
  /** Ends the actor of the ward with this id. */
  letGo(id: string): void;
}

/** The actors of all jobs, as many as there are jobs. */
export class JobActors {
  readonly #keeper: WardKeeper;

  constructor(keeper: WardKeeper) {
    this.#keeper = keeper;
  }

  /** Starts the actor of a job. `failed` hears when it throws. */
  takeIn(
    jobHash: string,
    start: JobStart,
    failed: (outcome: FailureOutcome, error: unknown) => void,
  ): JobJudge {
    const actor = new JobActor(jobHash, start, { failed });
    this.#keeper.takeIn(actor);
    return actor;
  }

  /** Ends the actor of a job; without effect if it is not here. */
  letGo(jobHash: string): void {
    this.#keeper.letGo(JobActor.idOf(jobHash));
  }
}
