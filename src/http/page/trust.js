// Whether the numbers of a page can be trusted: a pill with the state, and a banner that says what is wrong and what
// follows from it. The page has the elements `status`, `status-text` and `announcement`.

import { byId, setText } from './dom.js';
import { dateTime } from './format.js';
import { titleState } from './page-title.js';
import { t } from './words.js';

/** States in which the numbers are true and move. */
const WELL = new Set(['connected', 'loading']);
/** States in which the numbers do not move, or are not to be had. */
const WRONG = new Set(['broker_away', 'unreachable', 'locked', 'not_ready']);

/** @typedef {[status: string, short: string, sentence: string]} Judgement */

/** A page without a document and without a failure. @type {Judgement} */
export const LOADING = ['loading', t('trust.loading'), ''];

/** Shows the state. A screen reader reads the banner aloud when it changes. @param {Judgement} judgement */
export function showTrust([status, short, sentence]) {
  byId('status').dataset.status = status;
  titleState(WELL.has(status) ? 'well' : WRONG.has(status) ? 'wrong' : 'warned', short);
  setText(byId('status-text'), short);
  // Never hidden: many screen readers do not announce text that was already there when it becomes visible.
  setText(byId('announcement'), sentence);
}

/**
 * The judgement while the page gets no document.
 * @param {number | null} status HTTP status of the failed answer; null if there was no answer
 * @param {string | null} at time of the document that the page still shows; null if it has none
 * @returns {Judgement}
 */
export function judgeLost(status, at) {
  if (status === 401 || status === 403)
    return ['locked', t('trust.locked'), at === null ? '' : t('trust.locked.from', { at: dateTime(at) })];
  return [
    'unreachable',
    t('trust.unreachable'),
    at === null ? t('trust.unreachable.now') : t('trust.unreachable.from', { at: dateTime(at) }),
  ];
}

/**
 * What the components say: the reasons why the program is not ready, and its warnings; each text is empty if there is none.
 * @param {readonly { component: string, ok: boolean, reason: string }[]} reasons
 */
export function reasonTexts(reasons) {
  const say = (/** @type {boolean} */ isOk) =>
    reasons
      .filter(({ ok }) => ok === isOk)
      .map(({ component, reason }) => `${component}: ${reason}`)
      .join('; ');
  return { failing: say(false), warnings: say(true) };
}
