// The document of the live feed on a page: the latest one, whether it was lost, and the pace of one of its numbers. It
// shows whether the numbers can be trusted; the page shows the rest.

import { all, setText } from './dom.js';
import { Pace } from './pace.js';
import { judgeLost, LOADING, showTrust } from './trust.js';

/**
 * `judged` is told each judgement. `show` shows the document, and `judge` says whether it can be trusted; both are called once a second, also without a
 * new document. `paced` is the number whose pace is measured; `noted` is told its growth in the last second.
 * @typedef {{
 *   show: (document: any) => void,
 *   judge: (document: any) => import('./trust.js').Judgement,
 *   judged?: (judgement: import('./trust.js').Judgement) => void,
 *   paced?: (document: any) => number,
 *   noted?: (perSecond: number | null) => void,
 * }} Shown
 */

/** The document of one page. */
export class LiveDocument {
  /**
   * Null before the first. A patch removes a member that becomes null, so a member without a value may be missing.
   * @type {any}
   */
  latest = null;
  /** @readonly @type {Shown} */ #shown;
  #isLost = false;
  /** @type {number | null} */ #lostStatus = null;
  #pace = new Pace();

  /** @param {Shown} shown */
  constructor(shown) {
    this.#shown = shown;
  }

  start() {
    setInterval(() => {
      this.#note();
      this.#show();
    }, 1000);
  }

  /** @param {any} document of the feed */
  take(document) {
    // After a restart the aggregator counts from 0 again.
    if (this.latest !== null && this.latest.startedAt !== document.startedAt) this.#pace.forget();
    this.latest = document;
    this.#isLost = false;
    this.#show();
  }

  /** @param {number | null} status HTTP status of the failed answer; null if there was no answer */
  lose(status) {
    this.#isLost = true;
    this.#lostStatus = status;
    this.#show();
  }

  /** Growth of the paced number in a second; null as long as it is not known. */
  perSecond() {
    return this.#isLost ? null : this.#pace.perSecond();
  }

  #note() {
    const { paced, noted } = this.#shown;
    if (paced === undefined || this.latest === null || this.#isLost) return;
    this.#pace.note(paced(this.latest), performance.now());
    noted?.(this.#pace.lastPerSecond());
  }

  #show() {
    const judgement = this.#judge();
    showTrust(judgement);
    this.#shown.judged?.(judgement);
    if (this.latest !== null) this.#shown.show(this.latest);
  }

  #judge() {
    if (this.#isLost) return judgeLost(this.#lostStatus, this.latest?.at ?? null);
    return this.latest === null ? LOADING : this.#shown.judge(this.latest);
  }
}

/**
 * Sets the text of every element with one of these `data-live`.
 * @param {Readonly<Record<string, string>>} texts
 */
export function showTexts(texts) {
  for (const [name, text] of Object.entries(texts))
    for (const element of all(`[data-live="${name}"]`)) setText(element, text);
}

/**
 * Marks every element with this `data-live`.
 * @param {string} name
 * @param {boolean} isGood
 */
export function mark(name, isGood) {
  for (const element of all(`[data-live="${name}"]`)) element.classList.toggle('bad', !isGood);
}
