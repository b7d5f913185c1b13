// What the parts of the program tell about themselves at one moment, for the dashboard, readiness and metrics. Plain
// data: counters count since the start of the process.

import type { NodeState } from '../../lifecycle/node-state.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import { RPC_ERRORS } from './answer.ts';
import type { Verdict } from './facts.ts';
import type { SubmissionMode } from './information.ts';
import type { UpstreamState } from './upstream-state.ts';

/** Upper bounds of {@link DoorView.answerSeconds}. A miner gives up after 5 s. */
export const ANSWER_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5,
] as const;
/** Upper bounds of {@link ProofView.checkSeconds}. */
export const CHECK_BOUNDS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60] as const;
/** Upper bounds of {@link StoreView.commitSeconds}. */
export const COMMIT_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
] as const;

/** What became of the submissions that were given to the delivery of an upstream. */
export const DELIVERY_OUTCOMES = ['delivered', 'refused', 'expired', 'replaced'] as const;
/** One of {@link DELIVERY_OUTCOMES}. */
export type DeliveryOutcomeName = (typeof DELIVERY_OUTCOMES)[number];

/** The delivery of one upstream. */
export interface DeliveryView {
  /** Submissions that are not delivered yet, those under way included. */
  readonly waiting: number;
  /**
   * Attempts whose answer is outstanding. It may be above `waiting`: the attempt of a submission goes on when a better one
   * takes its place or its block passes, and what was accepted before may be sent again.
   */
  readonly underWay: number;
  /** Age of the oldest of them; 0 if none waits. */
  readonly oldestAgeMs: number;
  readonly attempts: number;
  /** Attempts that failed and are made again. */
  readonly failedAttempts: number;
  readonly outcomes: Readonly<Record<DeliveryOutcomeName, number>>;
  /** Accepted submissions that were sent again because the upstream had been away. */
  readonly redelivered: number;
  /** Delivered ones for which the upstream computed another raw quality. */
  readonly mismatched: number;
}

/** The methods of an upstream. */
export const UPSTREAM_METHODS = ['get_mining_info', 'submit_nonce'] as const;
/** One of {@link UPSTREAM_METHODS}. */
export type UpstreamMethod = (typeof UPSTREAM_METHODS)[number];

/** How a request ended. `answered`: with an information that miners may have, or with an acceptance. */
export const REQUEST_OUTCOMES = [
  'answered',
  'refused',
  'unfit',
  'operator',
  'busy',
  'connection',
  'temporary',
] as const;
/** One of {@link REQUEST_OUTCOMES}. */
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** Requests of one method to an upstream: those without an outcome yet, the others by outcome, and how long those took. */
export interface UpstreamRequests {
  readonly underWay: number;
  readonly outcomes: Readonly<Record<RequestOutcome, number>>;
  readonly seconds: HistogramSnapshot;
}

/** One upstream. */
export interface UpstreamView {
  readonly name: string;
  readonly mode: SubmissionMode;
  readonly state: UpstreamState;
  /** When it came into this state, ms since the epoch. */
  readonly sinceMs: number;
  /** True if miners are served from it. */
  readonly isActive: boolean;
  /** Null before its first information. */
  readonly height: bigint | null;
  /** Age of its last information by the monotonic clock; null before the first. */
  readonly informationAgeMs: number | null;
  readonly blockChanges: number;
  readonly fetches: number;
  readonly failedFetches: number;
  /** The last failure and when it was, ms since the epoch. May hold text of the upstream. Null for none. */
  readonly lastError: { readonly text: string; readonly atMs: number } | null;
  /** What the operator must do something about, for example a refused password; may hold text of the upstream. */
  readonly alarms: readonly string[];
  readonly requests: Readonly<Record<UpstreamMethod, UpstreamRequests>>;
  /** Informations whose block alternated with the current one, and which changed nothing. */
  readonly alternationsRefused: number;
  /** Times that the cookie file was read again because the upstream refused a request. */
  readonly cookieRereads: number;
  /** Least time between two fetches at present; more than a second if the upstream asked for fewer. */
  readonly fetchIntervalMs: number;
  readonly delivery: DeliveryView;
}

/** Kinds of requests of miners. */
export const REQUEST_KINDS = ['get_mining_info', 'submit_nonce', 'other'] as const;
/** One of {@link REQUEST_KINDS}. */
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Ways in which a question for the information is answered: from the cache, from an older one, or with an error. */
export const INFORMATION_ANSWERS = ['fresh', 'old', 'none'] as const;
/** One of {@link INFORMATION_ANSWERS}. */
export type InformationAnswer = (typeof INFORMATION_ANSWERS)[number];

/**
 * Why connections of miners are cut although nothing is owed to them: a request came too slowly, a client did not take
 * its answers, too many requests waited on one connection, large bodies held too much memory.
 */
export const CUT_REASONS = ['slow', 'unread', 'pipelined', 'memory'] as const;
/** One of {@link CUT_REASONS}. */
export type CutReason = (typeof CUT_REASONS)[number];

/**
 * Why a connection on which an answer was owed was closed without one. `none`: nothing could be said about a submission.
 * `late`: no answer came in time. `failed`: an error of the program. `stopped`: the door stopped before.
 */
export const UNANSWERED_REASONS = ['none', 'late', 'failed', 'stopped'] as const;
/** One of {@link UNANSWERED_REASONS}. */
export type UnansweredReason = (typeof UNANSWERED_REASONS)[number];

/** Why a connection was closed at once: all are in use, its address holds its share, or the system gave none. */
export const CONNECTION_REFUSALS = ['limit', 'address', 'system'] as const;
/** One of {@link CONNECTION_REFUSALS}. */
export type ConnectionRefusal = (typeof CONNECTION_REFUSALS)[number];

/**
 * Outcomes of JSON-RPC requests of miners: a result, no answer at all, or the error's code; `other` is any further code.
 */
export const RPC_OUTCOMES = [
  'ok',
  'none',
  ...Object.values(RPC_ERRORS).map(String),
  'other',
] as readonly string[];

/** The port of the miners. */
export interface DoorView {
  readonly connections: number;
  /** Most connections that it takes. */
  readonly connectionsLimit: number;
  /** Connections that were closed at once. */
  readonly refusedConnections: number;
  readonly refusals: Readonly<Record<ConnectionRefusal, number>>;
  readonly requests: Readonly<Record<RequestKind, number>>;
  /** The same by outcome, one of {@link RPC_OUTCOMES}. */
  readonly outcomes: Readonly<Record<RequestKind, Readonly<Record<string, number>>>>;
  /** Requests refused before they were read as JSON-RPC: wrong address, method, type, size, or no JSON. */
  readonly badRequests: number;
  /** Requests with a missing or wrong password. */
  readonly unauthenticated: number;
  /** Those of them with a wrong one. */
  readonly wrongPasswords: number;
  /** Requests whose `X-Miner` was no name and did not count. */
  readonly ignoredNames: number;
  /** Bodies that were too large: answered with 413. */
  readonly largeBodies: number;
  /** Requests that came in batches. */
  readonly batchMembers: number;
  readonly informationAnswers: Readonly<Record<InformationAnswer, number>>;
  /** Connections closed without an answer, as the last resort; a pool-mode miner sends again. */
  readonly closedUnanswered: number;
  readonly unanswered: Readonly<Record<UnansweredReason, number>>;
  readonly cutConnections: Readonly<Record<CutReason, number>>;
  /** From the last byte of a request to its answer. */
  readonly answerSeconds: HistogramSnapshot | null;
}

/**
 * What a submission was when it came. `better`: than the best forwarded one. `held`: not better, and held back.
 * `outdone`: a better one is delivered. `repeated`: the same claim again. `early`: before the first information, and
 * counted again when it is judged.
 * `invalid`: it does not fit its block. `false`: its proof was found false before. `stale`: its block is not current.
 * `account_refused`, `block_refused`: the upstream refused its account or its block.
 */
export const ARRIVALS = [
  'better',
  'held',
  'outdone',
  'repeated',
  'early',
  'invalid',
  'false',
  'stale',
  'account_refused',
  'block_refused',
] as const;
/** One of {@link ARRIVALS}. */
export type Arrival = (typeof ARRIVALS)[number];

/** The desk: what became of submissions. */
export interface DeskView {
  readonly submissions: number;
  readonly arrivals: Readonly<Record<Arrival, number>>;
  /** Verdicts given; a submission can have several, one after the other. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Answered as accepted before their proof was checked. */
  readonly answeredUnverified: number;
  /** Submissions that the desk keeps in memory. */
  readonly entries: number;
  readonly entriesLimit: number;
  /** Entries removed because their address had most of a full book. */
  readonly crowdedOut: number;
  /** Entries that were offered to another upstream with the same block. */
  readonly takenOver: number;
  /** Checks that were put off because the queue of proofs was full. */
  readonly postponed: number;
  /** Submissions that wait for their answer. */
  readonly visits: number;
}

/** Outcomes of proof checks: as in {@link ProofOutcome}. */
export const PROOF_OUTCOMES = ['holds', 'fails', 'dropped', 'full'] as const;
/** One of {@link PROOF_OUTCOMES}. */
export type ProofOutcomeName = (typeof PROOF_OUTCOMES)[number];

/** The queue of proofs. */
export interface ProofView {
  /** True if proofs are not checked (`verify: off`). */
  readonly isOff: boolean;
  /** Threads that compute proofs, and those that are computing. */
  readonly workers: number;
  readonly busyWorkers: number;
  readonly waiting: number;
  readonly waitingLimit: number;
  /** Age of the check that waits longest; 0 if none waits. */
  readonly oldestAgeMs: number;
  readonly outcomes: Readonly<Record<ProofOutcomeName, number>>;
  /** Submissions that joined a check that was under way. */
  readonly joined: number;
  /** Nonces computed. */
  readonly nonces: number;
  /** Addresses with too many failing proofs of late. */
  readonly overBudgetAddresses: number;
  /** From the question to the outcome. */
  readonly checkSeconds: HistogramSnapshot | null;
}

/** The store. */
export interface StoreView {
  /** Why the database cannot be written; null while it can. */
  readonly problem: string | null;
  /** Facts that are told and not committed. */
  readonly waitingFacts: number;
  /** Facts that were dropped because too many waited. */
  readonly droppedFacts: number;
  /** Times that a pair of account and machine was heard which the statistics do not list, because there are too many. */
  readonly unlistedPairs: number;
  readonly sizeBytes: number;
  readonly diskFreeBytes: number;
  readonly diskSizeBytes: number;
  readonly commitSeconds: HistogramSnapshot | null;
}

/** Descriptors of the process. */
export interface DescriptorView {
  /** Why no file can be opened; null while one can. */
  readonly problem: string | null;
  /** Seconds in which none was left. */
  readonly seconds: number;
  /** Most files that the process may hold open; null if the system does not tell. */
  readonly limit: number | null;
}

/** Alarms for receivers, since the start. An alarm for two receivers counts twice. */
export interface AlarmCounts {
  readonly waiting: number;
  readonly sent: number;
  /** Attempts that failed. */
  readonly failed: number;
  /** Alarms that were never taken: all attempts failed, too many waited, or the receiver was removed. */
  readonly dropped: number;
}

/** The receivers of alarms. */
export interface AlarmView extends AlarmCounts {
  readonly receivers: readonly { readonly name: string; readonly counts: AlarmCounts }[];
  /** Which receiver is away and why; null if none is. */
  readonly problem: string | null;
}

/** The whole program at one moment. */
export interface MiningView {
  /** True if the upstream and the miners are simulated. */
  readonly isDemonstration: boolean;
  readonly version: string;
  /** ms since the epoch. */
  readonly startedAtMs: number;
  readonly uptimeMs: number;
  /** Machines by state, from their actors. */
  readonly machines: Readonly<Record<NodeState, number>>;
  /** In the order of the configuration. */
  readonly upstreams: readonly UpstreamView[];
  readonly door: DoorView;
  readonly desk: DeskView;
  readonly proofs: ProofView;
  readonly store: StoreView;
  readonly alarms: AlarmView;
  /** The thread that answers questions. */
  readonly pool: { readonly isUp: boolean; readonly waitingQuestions: number };
  readonly descriptors: DescriptorView;
  /** Log lines that were dropped, and why; the problem is null while lines are written. */
  readonly logLoss: { readonly lines: number; readonly problem: string | null };
}
