// The receivers of notifications: who is told, how each fares, and a button that posts a test message. The section stays
// hidden without receivers. The key for a test is sent once and kept nowhere.

import { getJson, keyOfTab } from './api.js';
import { byId, make, setText } from './dom.js';
import { count, dateTime } from './format.js';
import { TableRows } from './table-rows.js';
import { t } from './words.js';

const REFRESH_MS = 10_000;
/** A test waits for every receiver, each at most 10 s. */
const PATIENCE_MS = 15_000;
const TEST = new URL('../api/federation/notifications/test', import.meta.url);

const rows = new TableRows('receivers', { key: ({ name }) => name, make: rowOf });

export function startNotifications() {
  void load();
  setInterval(() => {
    if (!document.hidden) void load();
  }, REFRESH_MS);
  const input = /** @type {HTMLInputElement} */ (byId('notifications-key'));
  const button = /** @type {HTMLButtonElement} */ (byId('notifications-test'));
  byId('notifications-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const key = input.value.trim() || keyOfTab();
    if (key === null) {
      showResult([t('notify.needs-key')]);
      input.focus();
      return;
    }
    button.disabled = true;
    showResult([t('notify.testing')]);
    void test(key).then((lines) => {
      button.disabled = false;
      input.value = '';
      showResult(lines);
      void load();
    });
  });
}

/**
 * Posts a test message and returns a line for each receiver, or why there was none.
 * @param {string} key
 * @returns {Promise<readonly string[]>}
 */
async function test(key) {
  try {
    const response = await fetch(TEST, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      credentials: 'omit',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = await response.json();
    if (response.status === 401 || response.status === 403) return [t('notify.needs-key')];
    if (!response.ok) return [t('notify.refused', { reason: String(body.error.message) })];
    return body.receivers.map(lineOf);
  } catch {
    return [t('notify.no-answer')];
  }
}

/** @param {any} answer */
function lineOf({ name, isTaken, reason, tookMs }) {
  return isTaken
    ? t('notify.taken', { name, n: tookMs })
    : t('notify.not-taken', { name, reason: String(reason) });
}

/** @param {readonly string[]} lines */
function showResult(lines) {
  byId('notifications-result').replaceChildren(...lines.map((line) => make('p', {}, line)));
}

async function load() {
  const view = await getJson('api/federation/notifications').catch(() => null);
  if (view === null) return;
  byId('notifications').hidden = view.receivers.length === 0;
  rows.take(view.receivers, '');
  const dropped = view.receivers.reduce(
    (/** @type {number} */ sum, /** @type {any} */ each) => sum + each.dropped,
    0,
  );
  setText(byId('notifications-dropped'), dropped === 0 ? '' : `· ${t('notify.dropped', { n: dropped })}`);
}

/** @param {any} receiver */
function rowOf({ name, form, sent, waiting, problem, lastSentAt }) {
  const cells = [
    make('th', { scope: 'row' }, name),
    make('td', { class: 'spare' }, form),
    make(
      'td',
      { class: 'sentence' },
      problem === null ? t('notify.well') : t('notify.away', { reason: problem }),
    ),
    make('td', { class: 'right spare' }, lastSentAt === null ? '–' : dateTime(lastSentAt)),
    make('td', { class: 'right' }, count(sent)),
    make('td', { class: 'right spare' }, count(waiting)),
  ];
  return make('tr', { 'data-row': name, 'data-away': String(problem !== null) }, ...cells);
}
