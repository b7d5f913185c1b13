// The job desk: opens jobs, takes their trades, has them sealed once, and answers what became of them
// (docs/trades.md#jobs). It reads no frame and no request, folds nothing and sends nothing: it does what the job's actor
// decides.

import { CodedError } from '../../lib/errors.ts';
import { counted } from '../../lib/counted.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { Attempt } from '../domain/facts.ts';
import type { DeliveryOutcome } from '../domain/delivery-outcome.ts';
import type { JobCommand, JobSignal, JobStart } from '../domain/job-state.ts';
import type { JobRequest, JobView, OpenedJob, ProcessOutcome, TakeOutcome } from '../domain/job.ts';
import type { StoredJob } from '../domain/stored-job.ts';
import type { Trade } from '../domain/trade.ts';
import type { JobRow, JobsView } from '../domain/view.ts';
import { HeldMemory } from './held-memory.ts';
import { Job, type JobIdentity, type JobSummary } from './job.ts';
import { JobCounters } from './job-counters.ts';
import type { JobDeskOptions, JobDeskParts, JobDoor } from './job-desk-parts.ts';
import { JobShelf } from './job-shelf.ts';
import { SealLine } from './seal-line.ts';
import { hashOf, hasHash, jobHashOf, newJobId, newToken } from './tokens.ts';
import { WAITING_CALLS_MAX, WaitingCalls } from './waiting-calls.ts';

/** How often the desk looks for expired jobs. */
const SWEEP_MS = 1_000;
/** How long a stop waits for jobs that clients asked to be sealed. */
const STOP_WAIT_MS = 2_000;

const NEW_JOB: JobStart = { state: 'collecting', isSealed: false, isFailing: false };

/** All jobs. */
export class JobDesk implements Part {
  readonly #options: JobDeskOptions;
  readonly #parts: JobDeskParts;
  readonly #counters = new JobCounters();
  readonly #memory: HeldMemory;
  readonly #calls: WaitingCalls;
  readonly #line: SealLine;
  readonly #jobs = new JobShelf();
  #sweep: Timer | null = null;
  #isStopped = false;

  constructor(options: JobDeskOptions, parts: JobDeskParts) {
    this.#options = options;
    this.#parts = parts;
    this.#memory = new HeldMemory(options.heldBytesMax, parts.log);
    this.#calls = new WaitingCalls(parts.timers);
    this.#line = new SealLine(options, parts, {
      stored: (job, summary) => this.#stored(job, summary),
      unsealable: (job) => this.#sealingEnded(job, 'unsealable'),
    });
  }

  async start(): Promise<void> {
    this.#sweep = this.#parts.timers.every(SWEEP_MS, () => this.#lookForExpired());
  }

  /**
   * Waits a few seconds until jobs are stored that clients asked to be sealed, and answers the calls that wait. Later
   * calls are answered at once.
   */
  async stop(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(STOP_WAIT_MS, () => late.resolve());
    await Promise.race([this.#line.emptied(), late.promise]);
    timer.cancel();
    this.#isStopped = true;
    this.#sweep?.cancel();
    for (const job of this.#jobs) this.#calls.answer(job.calls);
  }

  /** Takes up the jobs that were sealed before a restart. Called once, before the first request. */
  restore(stored: readonly StoredJob[]): void {
    const { clock } = this.#parts;
    const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
    for (const job of stored) {
      // The machine's clock may have been set back since.
      const leftMs = Math.min(job.expiresAtMs - nowMs, this.#options.jobTtlMs);
      const { jobHash: hash, tokenHash, clientId, exchange, createdAtMs, expiresAtMs } = job;
      const deadlineMs = monotonicMs + leftMs;
      const identity = { hash, tokenHash, clientId, exchange, createdAtMs, expiresAtMs, deadlineMs };
      this.#put(identity, job);
    }
    this.#lookForExpired();
  }

  /** Opens a job. Errors: `too_many` if there are as many as there may be. */
  open({ clientId, exchange }: JobRequest): OpenedJob {
    const { jobsMax, jobTtlMs, hasTokens } = this.#options;
    if (this.#jobs.size >= jobsMax) {
      this.#counters.refused++;
      throw new CodedError(
        'too_many',
        `MAX_JOBS allows ${counted(jobsMax, 'job')} at a time, and no more can be opened now.`,
      );
    }
    const jobId = newJobId();
    const token = hasTokens ? newToken() : null;
    const createdAtMs = this.#parts.clock.nowMs();
    const identity = {
      hash: hashOf(jobId),
      tokenHash: token === null ? null : hashOf(token),
      clientId,
      exchange,
      createdAtMs,
      expiresAtMs: createdAtMs + jobTtlMs,
      deadlineMs: this.#parts.clock.monotonicMs() + jobTtlMs,
    };
    this.#put(identity, null);
    this.#counters.opened++;
    return { jobId, token };
  }

  /** True if a request with this token, or without one, may use the job. */
  mayUse(jobId: string, token: string | null): 'yes' | 'unknown' | 'unauthenticated' {
    const job = this.#find(jobId);
    if (job === null) return 'unknown';
    const { tokenHash } = job.identity;
    if (tokenHash === null) return 'yes';
    return token !== null && hasHash(token, tokenHash) ? 'yes' : 'unauthenticated';
  }

  /** The door by which a connection brings trades. */
  enter(jobId: string, token: string | null): JobDoor | 'unknown' | 'unauthenticated' {
    const job = this.#find(jobId);
    const right = this.mayUse(jobId, token);
    if (job === null || right !== 'yes') return right === 'yes' ? 'unknown' : right;
    return {
      take: (trade) => this.#counters.took(this.#take(job, trade)),
      onEnd(called) {
        job.ends.add(called);
        return () => void job.ends.delete(called);
      },
    };
  }

  /** The job at this moment; null if it is unknown or expired. */
  view(jobId: string): JobView | null {
    return this.#find(jobId)?.view() ?? null;
  }

  /**
   * Has the job sealed, if it is not yet, and waits up to 30 s for the end of the delivery. Each call of one job gets the
   * same digest.
   */
  process(jobId: string): Promise<ProcessOutcome> | 'unknown' {
    const job = this.#find(jobId);
    if (job === null) return 'unknown';
    this.#tell(job, { type: 'asked' });
    return this.#outcome(job);
  }

  /** The delivery of an entry ended. */
  settled(entryId: number, { type, attempt }: DeliveryOutcome): void {
    const job = this.#jobs.byEntry(entryId);
    if (job !== undefined) {
      if (type === 'delivered') job.delivered(attempt);
      else job.attempt = attempt;
      this.#tell(job, { type });
    }
    this.#line.roomChanged();
  }

  /** An attempt to deliver an entry failed, and is made again. */
  failing(entryId: number, attempt: Attempt | null = null): void {
    const job = this.#jobs.byEntry(entryId);
    if (job === undefined) return;
    job.attempt = attempt ?? job.attempt;
    this.#tell(job, { type: 'failing' });
  }

  /** An operator put a dead letter back into the outbox. */
  replayed(entryId: number): void {
    const job = this.#jobs.byEntry(entryId);
    if (job === undefined) return;
    job.attempt = null;
    this.#tell(job, { type: 'replayed' });
  }

  /** The jobs, counted. */
  get counts(): JobsView {
    const { opened, refused, expired, takes, transitions, actorFailures } = this.#counters;
    const { taken, repeated, too_many, not_collecting, expired: late } = takes;
    return {
      byStatus: this.#jobs.byStatus,
      jobsMax: this.#options.jobsMax,
      opened,
      refused,
      expired,
      taken,
      repeated,
      notTaken: { too_many, not_collecting: not_collecting + late },
      heldBytes: this.#memory.bytes,
      heldBytesMax: this.#memory.bytesMax,
      folded: this.#line.folded,
      sealSeconds: this.#line.sealSeconds,
      sealing: this.#line.size,
      sealRetries: this.#line.retries,
      unsealable: this.#line.unsealable,
      waitingCalls: this.#calls.size,
      waitingCallsMax: WAITING_CALLS_MAX,
      transitions: { ...transitions },
      actorFailures: { ...actorFailures },
    };
  }

  /** The jobs' actors by the state of their node. */
  get nodes(): Readonly<Record<NodeState, number>> {
    return this.#jobs.byNode;
  }

  /** The latest jobs for a table, the newest first. */
  rows(limit: number): readonly JobRow[] {
    return this.#jobs.rows(limit);
  }

  #put(identity: JobIdentity, stored: StoredJob | null): void {
    const judge = this.#parts.actors.takeIn(identity.hash, startOf(stored), (outcome, error) => {
      this.#counters.actorFailures[outcome]++;
      this.#parts.log.error(
        'jobs: the actor of a job failed, which is a defect of the program; please report it',
        { outcome, error },
      );
    });
    this.#jobs.put(new Job(identity, judge, stored));
  }

  #find(jobId: string): Job | null {
    const hash = jobHashOf(jobId);
    const job = hash === null ? undefined : this.#jobs.byHash(hash);
    if (job === undefined) return null;
    if (this.#parts.clock.monotonicMs() >= job.identity.deadlineMs) this.#expire(job);
    return job.isClosed ? null : job;
  }

  #take(job: Job, trade: Trade): TakeOutcome {
    if (job.isClosed) return 'expired';
    const { log } = job;
    if (log === null || job.judge.state !== 'collecting') return 'not_collecting';
    const isFull = log.trades >= this.#options.jobTradesMax || this.#memory.refuses();
    // A client that sends all its trades again, after its connection broke, is told what is true of each.
    if (isFull) return log.knows(trade) ? 'repeated' : 'too_many';
    const taken = log.append(trade);
    const { bytes } = log;
    this.#memory.changed(bytes - job.heldBytes);
    job.heldBytes = bytes;
    return taken;
  }

  async #outcome(job: Job): Promise<ProcessOutcome> {
    if (job.judge.state !== 'processing' || this.#isStopped) return job.outcome();
    const outcome = await this.#calls.wait(job.calls, () => job.outcome());
    if (job.isLeaving) this.#leave(job);
    return outcome;
  }

  #stored(job: Job, summary: JobSummary): void {
    this.#jobs.sealed(job, summary);
    this.#sealingEnded(job, 'sealed');
  }

  #sealingEnded(job: Job, type: 'sealed' | 'unsealable'): void {
    this.#drop(job);
    this.#tell(job, { type });
    if (job.isClosed) this.#end(job);
  }

  #lookForExpired(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const job of this.#jobs) if (nowMs >= job.identity.deadlineMs) this.#expire(job);
    this.#line.sweep();
  }

  #expire(job: Job): void {
    if (job.isClosed) return;
    this.#tell(job, { type: 'expired' });
    this.#end(job);
  }

  /** An actor that failed may have missed a signal, or be given up: without this its job would stay for ever. */
  #end(job: Job): void {
    if (!job.isClosed) this.#do(job, { type: 'close' });
    if (job.isLeaving || job.sealing !== null) return;
    this.#do(job, { type: 'drop' });
    this.#do(job, { type: 'forget' });
  }

  #tell(job: Job, signal: JobSignal): void {
    for (const command of job.judge.tell(signal)) this.#do(job, command);
  }

  #do(job: Job, command: JobCommand): void {
    switch (command.type) {
      case 'seal':
        job.release(this.#parts.clock.nowMs());
        this.#line.add(job);
        return;
      case 'drop':
        this.#drop(job);
        return;
      case 'answer':
        this.#calls.answer(job.calls);
        return;
      case 'close':
        job.isClosed = true;
        this.#counters.expired++;
        for (const called of job.ends) called();
        job.ends.clear();
        return;
      case 'forget':
        job.isLeaving = true;
        if (job.summary !== null)
          this.#parts.journal.note([{ type: 'jobExpired', jobHash: job.identity.hash }]);
        this.#leave(job);
        return;
      case 'moved':
        this.#counters.transitions[command.to]++;
        return;
      default:
        unreachable(command);
    }
  }

  #drop(job: Job): void {
    this.#memory.changed(-job.drop());
  }

  /** Removes a job for which no call waits any longer. */
  #leave(job: Job): void {
    if (job.calls.size > 0 || !this.#jobs.remove(job)) return;
    this.#parts.actors.letGo(job.identity.hash);
  }
}

function startOf(stored: StoredJob | null): JobStart {
  if (stored === null) return NEW_JOB;
  const isFailing = stored.attempt !== null;
  switch (stored.state) {
    case 'waiting':
      return { state: 'processing', isSealed: true, isFailing };
    case 'delivered':
      return { state: 'completed', isSealed: true, isFailing: false };
    case 'dead':
      return { state: 'failed', isSealed: true, isFailing: false };
  }
}
