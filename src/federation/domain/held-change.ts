// A state of two values that must hold for a while before its change counts, so that a blip is none. Pure: the caller
// passes the times, of one clock, in ms.

/** Watches one state. */
export class HeldChange {
  readonly #holdMs: number;
  #told: boolean;
  /** Since when the state differs from the one told; null if it does not. */
  #sinceMs: number | null = null;

  /** `initial` is the state that needs no telling. */
  constructor(initial: boolean, holdMs: number) {
    this.#told = initial;
    this.#holdMs = holdMs;
  }

  /** Takes the present state; returns true when it has differed from the one told before for the whole hold. */
  hasChanged(state: boolean, nowMs: number): boolean {
    if (state === this.#told) {
      this.#sinceMs = null;
      return false;
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < this.#holdMs) return false;
    this.#told = state;
    this.#sinceMs = null;
    return true;
  }
}
