// Counts the requests to one upstream by method and outcome, and how long they took. It sends none.

import { Histogram } from '../../lib/histogram.ts';
import {
  REQUEST_OUTCOMES,
  type RequestOutcome,
  type UpstreamMethod,
  type UpstreamRequests,
} from '../domain/view.ts';

const BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Tally {
  underWay: number;
  readonly outcomes: Record<RequestOutcome, number>;
  readonly seconds: Histogram;
}

/** The requests to one upstream since the start. */
export class RequestCounts {
  readonly #tallies: Readonly<Record<UpstreamMethod, Tally>> = {
    get_mining_info: newTally(),
    submit_nonce: newTally(),
  };

  /** Counts a request that begins. */
  begin(method: UpstreamMethod): void {
    this.#tallies[method].underWay += 1;
  }

  /** Counts a request that ended like this, after it began. */
  end(method: UpstreamMethod, outcome: RequestOutcome, seconds: number): void {
    const tally = this.#tallies[method];
    tally.underWay -= 1;
    tally.outcomes[outcome] += 1;
    tally.seconds.observe(seconds);
  }

  /** A copy of the counts. */
  snapshot(): Readonly<Record<UpstreamMethod, UpstreamRequests>> {
    const { get_mining_info, submit_nonce } = this.#tallies;
    return { get_mining_info: countsOf(get_mining_info), submit_nonce: countsOf(submit_nonce) };
  }
}

function newTally(): Tally {
  const zeros = REQUEST_OUTCOMES.map((outcome) => [outcome, 0]);
  return {
    underWay: 0,
    outcomes: Object.fromEntries(zeros) as Record<RequestOutcome, number>,
    seconds: new Histogram(BOUNDS_SECONDS),
  };
}

function countsOf({ underWay, outcomes, seconds }: Tally): UpstreamRequests {
  return { underWay, outcomes: { ...outcomes }, seconds: seconds.snapshot() };
}
