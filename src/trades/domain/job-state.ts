// What the actor of a job is told, and what it decides: shared by the machine (actors) and by the desk (ingest), which
// does what the machine decided. Plain data, and the face of an actor.

import type { NodeState } from '../../lifecycle/node-state.ts';
import type { JobStatus } from './job.ts';

/** States of a job's machine. `expired` is its end. */
export type JobState = JobStatus | 'expired';

/** What happens to a job. */
export type JobSignal =
  /** A client asks for the summary. */
  | { readonly type: 'asked' }
  /** The summary is signed and on the disk. */
  | { readonly type: 'sealed' }
  /** No summary can be made of the trades, however often it is tried. */
  | { readonly type: 'unsealable' }
  /** An attempt to deliver the summary failed; more follow. */
  | { readonly type: 'failing' }
  | { readonly type: 'delivered' }
  /** The backend refused the summary for good. */
  | { readonly type: 'dead' }
  /** An operator put the dead letter back into the outbox. */
  | { readonly type: 'replayed' }
  /** The job's time is over. */
  | { readonly type: 'expired' };

/** What the desk does because of a signal. */
export type JobCommand =
  /** Makes, signs and stores the summary, and hands it to the outbox. */
  | { readonly type: 'seal' }
  /** Drops the trades, which nobody asked for. */
  | { readonly type: 'drop' }
  /** Answers the calls that wait for the end of the delivery. */
  | { readonly type: 'answer' }
  /** Tells the job's connections that it is over, and no request finds it from now on. */
  | { readonly type: 'close' }
  /** Removes the job and its actor. */
  | { readonly type: 'forget' }
  /** The job changed its state as a node. */
  | { readonly type: 'moved'; readonly from: NodeState; readonly to: NodeState };

/** Where the machine of a job begins: at `collecting`, or where it stood before a restart. */
export interface JobStart {
  readonly state: JobStatus;
  /** True if its summary is on the disk. */
  readonly isSealed: boolean;
  /** True if the latest attempt to deliver it failed. */
  readonly isFailing: boolean;
}

/** The actor of one job, as the desk sees it. */
export interface JobJudge {
  readonly state: JobState;
  /** `online`; `stale` while its delivery fails or after it failed for good; `offline` once it is expired. */
  readonly node: NodeState;
  /** Tells the actor what happened; returns what is to be done, in order. */
  tell(signal: JobSignal): readonly JobCommand[];
}
