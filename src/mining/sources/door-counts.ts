// What the miners' door counts. It decides nothing.

import { Histogram } from '../../lib/histogram.ts';
import {
  ANSWER_BOUNDS_SECONDS,
  type ConnectionRefusal,
  CONNECTION_REFUSALS,
  CUT_REASONS,
  type CutReason,
  type DoorView,
  type RequestKind,
  RPC_OUTCOMES,
  type UnansweredReason,
  UNANSWERED_REASONS,
} from '../domain/view.ts';

/** Why a connection was closed. */
export type ClosingReason = UnansweredReason | CutReason;

/** What the door knows for the dashboard and the metrics; how the information was answered, its cache knows. */
export type DoorSnapshot = Omit<DoorView, 'informationAnswers'> & {
  /** HTTP answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
};

type Outcomes = Record<string, number>;

/** The counters, which the parts of the door raise. */
export class DoorCounts {
  readonly #outcomes: Record<RequestKind, Outcomes> = {
    get_mining_info: zeros(RPC_OUTCOMES),
    submit_nonce: zeros(RPC_OUTCOMES),
    other: zeros(RPC_OUTCOMES),
  };
  readonly #statuses = new Map<number, number>();
  readonly #closed: Record<ClosingReason, number> = zeros([...UNANSWERED_REASONS, ...CUT_REASONS]);
  readonly #answerSeconds = new Histogram(ANSWER_BOUNDS_SECONDS);
  readonly refusals: Record<ConnectionRefusal, number> = zeros(CONNECTION_REFUSALS);
  batchMembers = 0;
  largeBodies = 0;
  missingPasswords = 0;
  wrongPasswords = 0;
  ignoredNames = 0;

  /** Counts the outcome of one JSON-RPC request; members of a batch one by one. */
  request(kind: RequestKind, outcome: string): void {
    const outcomes = this.#outcomes[kind];
    const counted = Object.hasOwn(outcomes, outcome) ? outcome : 'other';
    outcomes[counted] = (outcomes[counted] ?? 0) + 1;
  }

  /** Counts an HTTP answer; `seconds` from the last byte of a request with a body, null for others. */
  answer(status: number, seconds: number | null): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (seconds !== null) this.#answerSeconds.observe(seconds);
  }

  closed(reason: ClosingReason): void {
    this.#closed[reason] += 1;
  }

  snapshot(connections: number, connectionsLimit: number): DoorSnapshot {
    const { refusals } = this;
    const { none, late, failed, stopped, ...cutConnections } = this.#closed;
    const bad = [...this.#statuses].filter(([status]) => status >= 400 && status < 500);
    return {
      connections,
      connectionsLimit,
      refusedConnections: refusals.limit + refusals.address + refusals.system,
      refusals: { ...refusals },
      requests: {
        get_mining_info: sum(this.#outcomes.get_mining_info),
        submit_nonce: sum(this.#outcomes.submit_nonce),
        other: sum(this.#outcomes.other),
      },
      outcomes: {
        get_mining_info: { ...this.#outcomes.get_mining_info },
        submit_nonce: { ...this.#outcomes.submit_nonce },
        other: { ...this.#outcomes.other },
      },
      badRequests: bad.reduce((total, [, count]) => total + count, 0),
      unauthenticated: this.missingPasswords + this.wrongPasswords,
      closedUnanswered: none + late + failed + stopped,
      unanswered: { none, late, failed, stopped },
      cutConnections,
      statuses: Object.fromEntries(this.#statuses),
      answerSeconds: this.#answerSeconds.snapshot(),
      batchMembers: this.batchMembers,
      largeBodies: this.largeBodies,
      wrongPasswords: this.wrongPasswords,
      ignoredNames: this.ignoredNames,
    };
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

function sum(outcomes: Outcomes): number {
  return Object.values(outcomes).reduce((total, count) => total + count, 0);
}
