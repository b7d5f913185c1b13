// The states of an upstream, what its actor is told, and what it decides. Plain data; the rules are the actor's.

/**
 * `probing`: since the start there was neither an information nor a failure that counts. `ready`: it gives information.
 * `degraded`: it gives information, and there was trouble within the last half minute. `down`: it gives none.
 */
export const UPSTREAM_STATES = ['probing', 'ready', 'degraded', 'down'] as const;
/** One of {@link UPSTREAM_STATES}. */
export type UpstreamState = (typeof UPSTREAM_STATES)[number];

/** What happened at an upstream. Times are ms on a clock that never goes back. */
export type UpstreamSignal =
  /** It gave an information. `isRenewed`: there are signs that it was started anew, such as another cookie. */
  | {
      readonly type: 'information';
      readonly nowMs: number;
      readonly isSlow: boolean;
      readonly isRenewed: boolean;
    }
  /**
   * It gave none. `isAway`: not one byte of an answer came. `isUnfit`: it gave one that miners may not have. Neither:
   * it answered something else.
   */
  | {
      readonly type: 'failed';
      readonly nowMs: number;
      readonly isAway: boolean;
      readonly isUnfit: boolean;
    }
  /** A submission to it failed for now. */
  | { readonly type: 'trouble'; readonly nowMs: number };

/** What an upstream's actor decides. */
export type UpstreamCommand =
  /** Its state is another one from now on. */
  | { readonly type: 'moved'; readonly from: UpstreamState; readonly to: UpstreamState }
  /**
   * It gives information again after it was away or gave none for a while: what waits is offered at once. `wasAway`: it may have been started anew in between, so a
   * wallet has lost what it accepted.
   */
  | { readonly type: 'offer'; readonly wasAway: boolean };

/** The actor of one upstream, as the sinks see it. */
export interface UpstreamJudge {
  readonly state: UpstreamState;
  /** Tells it what happened; returns its decisions, in order. */
  tell(signal: UpstreamSignal): readonly UpstreamCommand[];
}
