// What the miners' door counts, for the metrics. It decides nothing.

/** Methods by which requests are counted; `other` is any name that the program does not have. */
export const COUNTED_METHODS = ['get_mining_info', 'submit_nonce', 'other'] as const;
/** One of {@link COUNTED_METHODS}. */
export type CountedMethod = (typeof COUNTED_METHODS)[number];

/** Why a connection was not taken: all of them are in use, or its address holds its share of them. */
export const REFUSAL_REASONS = ['limit', 'address'] as const;
/** One of {@link REFUSAL_REASONS}. */
export type ConnectionRefusal = (typeof REFUSAL_REASONS)[number];

/**
 * Why a connection was closed without an answer. `unanswered`: nothing could be said about a submission. `late`: no
 * answer came in time. `failed`: an error of the program. `slow`: the request came too slowly. `unread`: the client did
 * not take an answer. `pipelined`: too many requests at once. `memory`: large bodies held too much memory. `stopped`:
 * the door stopped before the answer was there.
 */
export const CLOSING_REASONS = [
  'unanswered',
  'late',
  'failed',
  'slow',
  'unread',
  'pipelined',
  'memory',
  'stopped',
] as const;
/** One of {@link CLOSING_REASONS}. */
export type ClosingReason = (typeof CLOSING_REASONS)[number];

/** A snapshot of what the door counted since its start. */
export interface DoorSnapshot {
  /** JSON-RPC requests, members of a batch one by one: by method, then by outcome, `ok`, `none` or the error's code. */
  readonly requests: Readonly<Record<CountedMethod, Readonly<Record<string, number>>>>;
  /** HTTP answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Open connections at present. */
  readonly connections: number;
  /** Most connections that may be open. */
  readonly connectionsMax: number;
  readonly refusedConnections: Readonly<Record<ConnectionRefusal, number>>;
  readonly closedWithoutAnswer: Readonly<Record<ClosingReason, number>>;
  /** Requests that came in batches. */
  readonly batchMembers: number;
  /** Bodies that were too large: answered with 413. */
  readonly largeBodies: number;
  /** Requests whose credentials were wrong; those without any are not among them. */
  readonly wrongPasswords: number;
  /** Requests whose `X-Miner` was no name and did not count. */
  readonly ignoredNames: number;
}

/** The counters, which the parts of the door raise. */
export class DoorCounts {
  readonly #requests = new Map<CountedMethod, Map<string, number>>(
    COUNTED_METHODS.map((method) => [method, new Map()]),
  );
  readonly #statuses = new Map<number, number>();
  readonly refusedConnections: Record<ConnectionRefusal, number> = zeros(REFUSAL_REASONS);
  readonly closedWithoutAnswer: Record<ClosingReason, number> = zeros(CLOSING_REASONS);
  batchMembers = 0;
  largeBodies = 0;
  wrongPasswords = 0;
  ignoredNames = 0;

  /** Counts the outcome of one JSON-RPC request. There are as many outcomes as error codes. */
  request(method: CountedMethod, outcome: string): void {
    const outcomes = this.#requests.get(method);
    outcomes?.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  /** Counts an HTTP answer. */
  status(status: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
  }

  snapshot(connections: number, connectionsMax: number): DoorSnapshot {
    const outcomes = (method: CountedMethod): Record<string, number> =>
      Object.fromEntries(this.#requests.get(method) ?? []);
    return {
      requests: {
        get_mining_info: outcomes('get_mining_info'),
        submit_nonce: outcomes('submit_nonce'),
        other: outcomes('other'),
      },
      statuses: Object.fromEntries(this.#statuses),
      connections,
      connectionsMax,
      refusedConnections: { ...this.refusedConnections },
      closedWithoutAnswer: { ...this.closedWithoutAnswer },
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
