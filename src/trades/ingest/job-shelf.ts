// All jobs, by the hash of their id and by the entry of the outbox that has their summary, and what tables and metrics
// say of them. It decides nothing, and removes none by itself.

import type { NodeState } from '../../lifecycle/node-state.ts';
import type { JobStatus } from '../domain/job.ts';
import type { JobRow } from '../domain/view.ts';
import type { Job, JobSummary } from './job.ts';

/** The jobs that were put in and not removed. The owner of the shelf bounds their number. */
export class JobShelf implements Iterable<Job> {
  readonly #byHash = new Map<string, Job>();
  readonly #byEntry = new Map<number, Job>();

  /** Number of jobs, including expired ones that wait for their summary or for the end of a call. */
  get size(): number {
    return this.#byHash.size;
  }

  [Symbol.iterator](): Iterator<Job> {
    return this.#byHash.values();
  }

  byHash(hash: string): Job | undefined {
    return this.#byHash.get(hash);
  }

  /** The job whose summary is this entry. */
  byEntry(entryId: number): Job | undefined {
    return this.#byEntry.get(entryId);
  }

  put(job: Job): void {
    this.#byHash.set(job.identity.hash, job);
    if (job.summary !== null) this.#byEntry.set(job.summary.entryId, job);
  }

  /** The job has its summary from now on. */
  sealed(job: Job, summary: JobSummary): void {
    job.summary = summary;
    this.#byEntry.set(summary.entryId, job);
  }

  /** False if it was removed before. */
  remove({ identity, summary }: Job): boolean {
    if (summary !== null) this.#byEntry.delete(summary.entryId);
    return this.#byHash.delete(identity.hash);
  }

  /** Jobs that requests can find, by their state. */
  get byStatus(): Readonly<Record<JobStatus, number>> {
    const counts = { collecting: 0, processing: 0, completed: 0, failed: 0 };
    for (const job of this) if (!job.isClosed) counts[job.status]++;
    return counts;
  }

  /** All jobs by the state of their node. */
  get byNode(): Readonly<Record<NodeState, number>> {
    const counts = { online: 0, stale: 0, offline: 0 };
    for (const { judge } of this) counts[judge.node]++;
    return counts;
  }

  /** The latest jobs that requests can find, the newest first. */
  rows(limit: number): readonly JobRow[] {
    const found = Array.from(this.#byHash.values()).filter(({ isClosed }) => !isClosed);
    return found
      .toReversed()
      .slice(0, limit)
      .map((job) => job.row());
  }
}
