// When a table loads its rows again: soon after something moved, otherwise a few times a minute, and not at all while the
// tab is hidden. It loads nothing itself.

const REFRESH_MS = 10_000;
const REFRESH_MOVED_MS = 2000;

/** The times of one table. */
export class TableRefresh {
  #loadedMs = 0;
  #moved = '';
  #isMoved = false;

  /** Tells what the rows depend on; if that changed, the table is due soon. @param {unknown} state */
  note(state) {
    const now = JSON.stringify(state);
    if (now === this.#moved) return;
    this.#moved = now;
    this.#isMoved = true;
  }

  /** The table loads its rows now. */
  loading() {
    this.#loadedMs = performance.now();
    this.#isMoved = false;
  }

  isDue() {
    const ageMs = performance.now() - this.#loadedMs;
    return !document.hidden && ageMs >= (this.#isMoved ? REFRESH_MOVED_MS : REFRESH_MS);
  }
}
