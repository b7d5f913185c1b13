// What the history charts mark: starts of the aggregator, outages of the broker, restored databases. It makes the marks
// from the log of events and loads nothing.

import { span } from './format.js';
import { t } from './words.js';

/** The kinds of events that are marked. */
export const MARKED_KINDS = 'started,stopped,broker_away,broker_back,restored';

/** @typedef {import('./chart-words.js').Mark} Mark */
/** An event of the log, as far as marks need it. @typedef {{ at: string, kind: string, count: number | null, detail: string | null }} Event */

/**
 * The marks of a span, oldest first.
 * @param {readonly Event[]} events newest first, as the log has them
 * @param {number} toMs the end of the span
 * @returns {Mark[]}
 */
export function marksOf(events, toMs) {
  /** @type {Mark[]} */
  const marks = [];
  /** The outage that has not ended, and the stop that no start has followed. @type {number | null} */
  let awayMs = null;
  /** @type {number | null} */
  let stoppedMs = null;
  for (const event of events.toReversed()) {
    const atMs = Date.parse(event.at);
    switch (event.kind) {
      case 'broker_away':
        awayMs ??= atMs;
        break;
      case 'broker_back':
        marks.push(awayMs === null ? mark(atMs, t('history.broker-back')) : outage(awayMs, atMs));
        awayMs = null;
        break;
      case 'stopped':
        stoppedMs = atMs;
        break;
      case 'started':
        marks.push({
          ...mark(atMs, startText(event)),
          silentMs: event.detail === 'first' ? null : event.count,
        });
        stoppedMs = null;
        break;
      default:
        marks.push(mark(atMs, t('history.restored')));
    }
  }
  if (awayMs !== null) marks.push({ ...outage(awayMs, toMs), text: t('history.broker-away') });
  if (stoppedMs !== null) marks.push(mark(stoppedMs, t('history.stopped')));
  return marks.toSorted((a, b) => a.atMs - b.atMs);
}

/** @param {Event} event */
function startText({ count, detail }) {
  if (detail === 'first') return t('history.started-first');
  if (count === null) return t('history.started');
  return t(detail === 'not_in_order' ? 'history.started-after-kill' : 'history.restarted', {
    span: span(count),
  });
}

/** @param {number} atMs @param {string} text @returns {Mark} */
function mark(atMs, text) {
  return { atMs, untilMs: null, text };
}

/** @param {number} fromMs @param {number} untilMs @returns {Mark} */
function outage(fromMs, untilMs) {
  return { atMs: fromMs, untilMs, text: t('history.broker-outage', { span: span(untilMs - fromMs) }) };
}
