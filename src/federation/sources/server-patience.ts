// Decides when another server of the cluster is to be tried: a server that is cut off from the others keeps its clients as
// long as it lives, but no stream can be read there. It has no clock and no connection.

/** Time without success after which another server is to be tried, in ms. An election may take as long. */
export const LEFT_AFTER_MS = 10_000;

/** The patience with one server. All times are on the monotonic clock. */
export class ServerPatience {
  #sinceMs: number | null = null;
  /** Since when somebody else is waited for; null if nobody is. */
  #waitingMs: number | null = null;

  /** True while the server is tried. */
  get isTrying(): boolean {
    return this.#sinceMs !== null;
  }

  /** The server is tried from now on, if it was not before; nobody else is waited for. */
  begin(nowMs: number): void {
    if (this.#sinceMs !== null && this.#waitingMs !== null) this.#sinceMs += nowMs - this.#waitingMs;
    this.#waitingMs = null;
    this.#sinceMs ??= nowMs;
  }

  /** Somebody else is waited for, which does not count. */
  wait(nowMs: number): void {
    this.#waitingMs ??= nowMs;
  }

  /** The server gave what was asked of it. */
  answered(nowMs: number): void {
    if (this.#sinceMs !== null) this.#sinceMs = nowMs;
  }

  /** Nothing is asked of the server. */
  forget(): void {
    this.#sinceMs = null;
    this.#waitingMs = null;
  }

  /** True if nothing succeeded for too long. */
  isOver(nowMs: number): boolean {
    return this.#sinceMs !== null && (this.#waitingMs ?? nowMs) - this.#sinceMs >= LEFT_AFTER_MS;
  }
}
