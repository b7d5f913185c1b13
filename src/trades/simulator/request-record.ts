// Records the requests to a simulated exchange: counts of all of them, and the latest ones with their answers. It counts
// requests of one key that were under way at the same time.

/** Requests that are kept whole; older ones are only counted. */
const RECORDED_REQUESTS_MAX = 50_000;
/** Kept ones beyond that before the oldest are dropped, all at once. */
const SURPLUS_MAX = 1_000;
/** Keys, and paths, that are counted by name; further ones are counted together as {@link OTHERS}. */
const COUNTED_NAMES_MAX = 10_000;
/** The name of what is counted together. */
const OTHERS = 'others';

/** One request with its answer. */
export interface RecordedRequest {
  /** From 1, in the order in which requests came. */
  readonly ordinal: number;
  /** By the exchange's clock. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  /** Parameters without the signature. */
  readonly query: string;
  readonly apiKey: string | null;
  readonly nonce: string | null;
  readonly weight: number;
  /** Null while no answer was sent, and for a connection that was broken instead. */
  readonly status: number | null;
  /** The exchange's number or word of a refusal. */
  readonly code: string | null;
  /** Kind of the fault that met it. */
  readonly fault: string | null;
}

/** Counts over all requests. */
export interface RequestCounts {
  readonly total: number;
  readonly byKey: Readonly<Record<string, number>>;
  readonly byPath: Readonly<Record<string, number>>;
  /** By status; `none` for requests whose connection was broken, or that are under way. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** By key: requests that came while another one of the key was under way. Must be empty. */
  readonly overlaps: Readonly<Record<string, number>>;
  readonly weight: number;
  /** Requests before the end of the time that a 429 or 418 told all clients to wait. Must be 0. */
  readonly whileLimited: number;
  /** Requests that followed a redirect. Must be 0. */
  readonly redirectsFollowed: number;
}

type Open = { -readonly [M in keyof RecordedRequest]: RecordedRequest[M] };

/** The record of one server. */
export class RequestRecord {
  readonly #latest: Open[] = [];
  readonly #underWay = new Map<string, number>();
  readonly #byKey = new Map<string, number>();
  readonly #byPath = new Map<string, number>();
  readonly #byStatus = new Map<string, number>([['none', 0]]);
  readonly #overlaps = new Map<string, number>();
  #total = 0;
  #weight = 0;
  #redirectsFollowed = 0;
  #whileLimited = 0;

  /** Counts a request that came, and returns its number. `close` must follow. */
  open(apiKey: string | null): number {
    this.#total += 1;
    add(this.#byStatus, 'none');
    if (apiKey === null) return this.#total;
    add(this.#byKey, apiKey);
    const underWay = this.#underWay.get(apiKey) ?? 0;
    if (underWay > 0) add(this.#overlaps, apiKey);
    this.#underWay.set(apiKey, underWay + 1);
    return this.#total;
  }

  /** Keeps a request that was read whole; the answer is written into it by `close`. */
  keep(request: Omit<RecordedRequest, 'status'>): void {
    add(this.#byPath, request.path);
    this.#latest.push({ ...request, status: null });
    const surplus = this.#latest.length - RECORDED_REQUESTS_MAX;
    if (surplus > SURPLUS_MAX) this.#latest.splice(0, surplus);
  }

  /** The request `ordinal` got its answer, or its connection was broken. */
  close(
    ordinal: number,
    apiKey: string | null,
    answer: Partial<Pick<RecordedRequest, 'status' | 'code' | 'fault' | 'weight' | 'nonce'>>,
  ): void {
    const left = apiKey === null ? 0 : (this.#underWay.get(apiKey) ?? 0) - 1;
    if (apiKey !== null && left > 0) this.#underWay.set(apiKey, left);
    if (apiKey !== null && left <= 0) this.#underWay.delete(apiKey);
    this.#weight += answer.weight ?? 0;
    if (answer.status != null) {
      add(this.#byStatus, 'none', -1);
      add(this.#byStatus, String(answer.status));
    }
    const kept = this.#latest.findLast((each) => each.ordinal === ordinal);
    if (kept !== undefined) Object.assign(kept, answer);
  }

  /** A request came before the end of the time that a 429 or 418 told. */
  noteWhileLimited(): void {
    this.#whileLimited += 1;
  }

  /** A client followed a redirect. */
  noteRedirectFollowed(): void {
    this.#redirectsFollowed += 1;
  }

  counts(): RequestCounts {
    return {
      total: this.#total,
      byKey: Object.fromEntries(this.#byKey),
      byPath: Object.fromEntries(this.#byPath),
      byStatus: Object.fromEntries([...this.#byStatus].filter(([, count]) => count > 0)),
      overlaps: Object.fromEntries(this.#overlaps),
      weight: this.#weight,
      whileLimited: this.#whileLimited,
      redirectsFollowed: this.#redirectsFollowed,
    };
  }

  /** The latest requests after number `after`, some {@link RECORDED_REQUESTS_MAX} at most. */
  latest(after = 0): readonly RecordedRequest[] {
    return this.#latest.filter(({ ordinal }) => ordinal > after).map((each) => ({ ...each }));
  }
}

function add(counts: Map<string, number>, name: string, by = 1): void {
  const counted = counts.has(name) || counts.size < COUNTED_NAMES_MAX ? name : OTHERS;
  counts.set(counted, (counts.get(counted) ?? 0) + by);
}
