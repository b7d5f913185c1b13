// What the simulated miners saw: counts by outcome, and the times of their answers.

import type { WorkKind } from './miner-plan.ts';

/** Times that are kept for the quantiles; later ones replace the oldest. */
const KEPT_TIMES = 1_000_000;

/** Durations in ms, and their quantiles. */
export class Durations {
  readonly #times: number[] = [];
  #count = 0;

  add(ms: number): void {
    this.#times[this.#count % KEPT_TIMES] = ms;
    this.#count += 1;
  }

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** The values that these shares of the durations do not exceed; null without any. */
  quantiles(shares: readonly number[]): readonly (number | null)[] {
    const sorted = Float64Array.from(this.#times).toSorted();
    return shares.map((share) => {
      const at = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
      return sorted[at] ?? null;
    });
  }
}

/** Outcomes of one kind of submissions. */
export interface WorkCount {
  /** Submissions, each repeat counted. */
  sent: number;
  accepted: number;
  /** Requests that were sent again after a failed connection. */
  retried: number;
  /** Given up without an answer: its block changed, or the miner does not retry. */
  unanswered: number;
  /** By code of a JSON-RPC error. */
  readonly refused: Map<number, number>;
  /** Final failures of another kind: `status 503`, `undecodable`. */
  readonly failed: Map<string, number>;
}

function emptyCount(): WorkCount {
  return { sent: 0, accepted: 0, retried: 0, unanswered: 0, refused: new Map(), failed: new Map() };
}

/** The counts of a run. */
export class SimReport {
  readonly work: Readonly<Record<WorkKind, WorkCount>> = {
    true: emptyCount(),
    lie: emptyCount(),
    late: emptyCount(),
  };
  readonly pollTimes = new Durations();
  readonly submitTimes = new Durations();
  /** Polls that failed, by reason. */
  readonly pollFailures = new Map<string, number>();
  polls = 0;
  /** The longest time in ms that this process kept its miners waiting: above some seconds the machine is too slow. */
  longestStallMs = 0;
  /** Changes of block that the first miner saw. */
  blocks = 0;

  /** The report as lines for a person. */
  lines(): readonly string[] {
    const kinds = (['true', 'lie', 'late'] as const).filter((kind) => this.work[kind].sent > 0);
    return [
      `blocks seen      ${this.blocks}`,
      `polls            ${this.polls} answered ${this.pollTimes.count}${listed(this.pollFailures)}`,
      `poll times       ${timesOf(this.pollTimes)}`,
      ...kinds.map((kind) => `${NAMES[kind].padEnd(17)}${countLine(this.work[kind])}`),
      `submission times ${timesOf(this.submitTimes)}`,
      `longest stall    ${this.longestStallMs.toFixed(0)} ms of this process`,
    ];
  }
}

const NAMES: Readonly<Record<WorkKind, string>> = { true: 'true', lie: 'false', late: 'late' };

function countLine({ sent, accepted, retried, unanswered, refused, failed }: WorkCount): string {
  return `sent ${sent}, accepted ${accepted}, unanswered ${unanswered}, sent again ${retried}${listed(refused)}${listed(failed)}`;
}

function listed(counts: ReadonlyMap<string | number, number>): string {
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => `, ${name}: ${count}`)
    .join('');
}

function timesOf(durations: Durations): string {
  const [half, most, nearly, all] = durations.quantiles([0.5, 0.9, 0.99, 1]);
  const ms = (value: number | null | undefined) => (value == null ? '–' : `${value.toFixed(1)} ms`);
  return `p50 ${ms(half)}, p90 ${ms(most)}, p99 ${ms(nearly)}, greatest ${ms(all)}`;
}

/** Adds one to a count. */
export function countIn<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
