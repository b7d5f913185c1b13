// A job as clients and people see it. Plain data.

/**
 * States of a job. `collecting`: takes trades. `processing`: being folded, sealed or delivered. `completed`: the backend
 * has the summary. `failed`: the backend refused it; an operator may replay it.
 */
export type JobStatus = 'collecting' | 'processing' | 'completed' | 'failed';

/** What a client may say of its job. */
export interface JobRequest {
  readonly clientId: string;
  readonly exchange: string;
}

/** A job that was opened. */
export interface OpenedJob {
  /** 32 lower-case hex digits: who knows them may use the job. */
  readonly jobId: string;
  /** 64 lower-case hex digits with `JOB_TOKENS=required`; else null. */
  readonly token: string | null;
}

/** What `POST /jobs/:id/process` answers, and `GET /jobs/:id` as its result. Members have the names of the wire. */
export interface JobResult {
  readonly digest: string;
  /** The backend's answer: JSON if it was JSON, else text. */
  readonly backend_response: unknown;
  readonly buckets_count: number;
  readonly trades_processed: number;
}

/** How a call of `process` ended. */
export type ProcessOutcome =
  | { readonly type: 'delivered'; readonly result: JobResult }
  /** No answer of the backend within the time, or it refused the summary. */
  | {
      readonly type: 'undelivered';
      readonly digest: string;
      /** Why, in words of this program, with the HTTP status if there was one. */
      readonly backendError: string;
    }
  /** Not sealed within the time, because the disk takes nothing or the workers are busy: nothing is lost. */
  | { readonly type: 'unsealed'; readonly reason: string }
  /** No summary can be made of the trades, however often the client asks. */
  | { readonly type: 'unsealable'; readonly reason: string };

/** A job at this moment. */
export interface JobView {
  readonly status: JobStatus;
  readonly trades: number;
  /** Null until it is completed. */
  readonly result: JobResult | null;
}

/** What became of one trade at a job's door. */
export type TakeOutcome = 'taken' | 'repeated' | 'not_collecting' | 'too_many' | 'expired';
