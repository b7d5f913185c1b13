// The faults of a simulated upstream, and which of them meets a request. It keeps the switches; the upstream acts.

import type { SimSubmission } from './sim-submission.ts';

/** What happens to a request instead of, or beside, its right answer. Times in ms. */
export type Fault =
  /** An HTML page with status 200; the request is not looked into. */
  | { readonly type: 'html' }
  /** Another status with a text; `retryAfter` is the value of a header. The request is not looked into. */
  | { readonly type: 'status'; readonly status: number; readonly text?: string; readonly retryAfter?: string }
  /** A JSON-RPC error. The request is not looked into. */
  | { readonly type: 'error'; readonly code: number; readonly text: string }
  /** No answer until the fault is cleared; then the connection is closed. The request is not looked into. */
  | { readonly type: 'hang' }
  /** The connection is closed before the request is looked into. */
  | { readonly type: 'reset' }
  /** As `reset`, if the connection has served a request before. */
  | { readonly type: 'resetReused' }
  /** The request is served, and its answer leaves later. */
  | { readonly type: 'slow'; readonly delayMs: number }
  /** The request is served, and the connection is closed instead of an answer. */
  | { readonly type: 'lost' }
  /** The request is served, and the body of its answer ends in the middle, with a content length that fits. */
  | { readonly type: 'truncated' }
  /** The request is served, and the result of its answer is this JSON text. */
  | { readonly type: 'result'; readonly json: string };

/** The methods of an upstream. */
export type SimMethod = 'get_mining_info' | 'submit_nonce';

/** Which requests a fault meets: all, unless narrowed. */
export interface FaultScope {
  readonly method?: SimMethod;
  /** The fault ends after as many requests. */
  readonly times?: number;
  /** Every n-th request only, from the first on. */
  readonly every?: number;
  /** Only submissions for which this is true; implies the method. */
  readonly submission?: (submission: SimSubmission) => boolean;
}

/** A fault that was switched on. */
export interface ActiveFault {
  /** Number of requests that it met. */
  readonly met: number;
  /** Switches it off. Has no effect the second time. */
  clear(): void;
}

/** True for faults whose request is never looked into. */
export function isBeforeService({ type }: Fault): boolean {
  return !['slow', 'lost', 'truncated', 'result'].includes(type);
}

/** What a fault's scope looks at. */
export interface FaultyRequest {
  readonly method: SimMethod | null;
  readonly submission: SimSubmission | null;
  /** True if the connection has served a request before. */
  readonly isReused: boolean;
}

interface Switch {
  readonly fault: Fault;
  readonly scope: FaultScope;
  seen: number;
  met: number;
  readonly onClear: (() => void)[];
}

/** The faults that are switched on. */
export class FaultSwitches {
  #switches: Switch[] = [];

  /** Switches a fault on. */
  add(fault: Fault, scope: FaultScope): ActiveFault {
    const added: Switch = { fault, scope, seen: 0, met: 0, onClear: [] };
    this.#switches.push(added);
    return {
      get met() {
        return added.met;
      },
      clear: () => this.#remove(added),
    };
  }

  /** Switches all faults off. */
  clear(): void {
    for (const each of this.#switches) this.#remove(each);
  }

  /**
   * The fault that meets this request: the one that was switched on last. `whenCleared` is called once if that fault is
   * a `hang`, when it ends.
   */
  meet(request: FaultyRequest, whenCleared: () => void): Fault | null {
    const met = this.#switches.findLast((each) => this.#meets(each, request));
    if (met === undefined) return null;
    met.met += 1;
    if (met.fault.type === 'hang') met.onClear.push(whenCleared);
    if (met.met === met.scope.times) this.#switches = this.#switches.filter((each) => each !== met);
    return met.fault;
  }

  #meets(each: Switch, { method, submission, isReused }: FaultyRequest): boolean {
    const { scope, fault } = each;
    if (fault.type === 'resetReused' && !isReused) return false;
    if (scope.method !== undefined && scope.method !== method) return false;
    if (scope.submission !== undefined && (submission === null || !scope.submission(submission)))
      return false;
    each.seen += 1;
    return scope.every === undefined || (each.seen - 1) % scope.every === 0;
  }

  #remove(gone: Switch): void {
    this.#switches = this.#switches.filter((each) => each !== gone);
    for (const told of gone.onClear.splice(0)) told();
  }
}
