// The time span that the charts show: one of the page's ranges, which ends now, or a zoom from one time to another. Both
// stand in the address: `span`, or `from` and `to`. It draws nothing.

import * as address from './address.js';
import { addressTime, spanOf } from './chart-times.js';
import { bindChoice } from './choice.js';

/** @typedef {import('./chart-times.js').Span} Span */

const DAY_MS = 86_400_000;
/** The length of each range by its value in the page. @type {Readonly<Record<string, number>>} */
const LENGTHS_MS = {
  '1h': 3_600_000,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '1y': 365 * DAY_MS,
  '10y': 3_652 * DAY_MS,
};

export class ChartSpan {
  /** @readonly @type {number} */ #leastMs;
  /** @readonly @type {() => void} */ #changed;
  #range = '';
  #known = '';
  /** Null: the range. @type {Span | null} */ #zoom = null;
  /** @type {(range: string) => void} */ #choose = () => {};

  /** @param {number} leastMs the shortest zoom @param {() => void} changed */
  constructor(leastMs, changed) {
    this.#leastMs = leastMs;
    this.#changed = changed;
  }

  /** Reads the address, now and after each change. */
  start() {
    const follow = () => this.#follow();
    this.#choose = bindChoice('range', 'span', (range) => (this.#range = range), ['from', 'to']);
    address.listen(follow);
    follow();
  }

  /** The zoom; null if the span is a range that ends now. */
  get zoom() {
    return this.#zoom;
  }

  /** The span to show now. @param {number} nowMs the end of a range @returns {Span} */
  at(nowMs) {
    return this.#zoom ?? { fromMs: nowMs - (LENGTHS_MS[this.#range] ?? DAY_MS), toMs: nowMs };
  }

  /** Zooms; null shows the range. A zoom has whole seconds. @param {Span | null} next */
  set(next) {
    address.set({
      from: next && addressTime(Math.floor(next.fromMs / 1000) * 1000),
      to: next && addressTime(Math.ceil(next.toMs / 1000) * 1000),
    });
  }

  /** Chooses a range, without a new step for the back button. @param {string} range */
  choose(range) {
    this.#choose(range);
  }

  /** Chooses a range for a first look, unless the address names a span. @param {string} range */
  suggest(range) {
    if (address.get('span') === null && this.#zoom === null) this.#choose(range);
  }

  #follow() {
    if (!address.isDashboard() && this.#known !== '') return;
    const zoom = spanOf(address.get('from'), address.get('to'), this.#leastMs);
    const now = JSON.stringify([this.#range, zoom]);
    if (now === this.#known) return;
    this.#known = now;
    this.#zoom = zoom;
    this.#changed();
  }
}
