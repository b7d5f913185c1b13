// The upstreams: a card for each, with its health and the delivery to it. Cards stay while their upstreams do, so that
// text in them stays selected.

import { serverNowMs } from './api.js';
import { byId, make, setText } from './dom.js';
import { ago, count, exact, span } from './format.js';
import { t } from './words.js';

/** The rows of a card: name, and text. @type {readonly [string, (upstream: any) => string][]} */
const ROWS = [
  ['since', ({ since }) => t('up.for', { span: span(serverNowMs() - Date.parse(since)) })],
  ['height', ({ height }) => (height == null ? '–' : exact(height))],
  ['information', ({ informationAgeSecs: age }) => (age == null ? t('up.none-yet') : ago(age * 1000))],
  ['waiting', ({ delivery }) => waitingText(delivery)],
  [
    'attempts',
    ({ delivery }) => t('up.attempts', { attempts: delivery.attempts, failed: delivery.failedAttempts }),
  ],
  ['delivered', ({ delivery }) => count(delivery.delivered)],
  ['redelivered', ({ delivery }) => count(delivery.redelivered)],
  ['refused', ({ delivery }) => count(delivery.refused)],
  ['expired', ({ delivery }) => count(delivery.expired)],
  ['replaced', ({ delivery }) => count(delivery.replaced)],
  ['mismatched', ({ delivery }) => count(delivery.mismatched)],
];

/** @typedef {{ card: HTMLElement, state: HTMLElement, kind: HTMLElement, alarms: HTMLElement, error: HTMLElement, cells: Map<string, HTMLElement> }} Card */

/** @type {Card[]} */
let cards = [];
let shownNames = '';

/** @param {readonly any[]} upstreams of the document */
export function showUpstreams(upstreams) {
  const names = JSON.stringify(upstreams.map(({ name }) => name));
  if (names !== shownNames) {
    shownNames = names;
    cards = upstreams.map(({ name }) => makeCard(name));
    byId('upstreams').replaceChildren(...cards.map(({ card }) => card));
  }
  for (const [index, upstream] of upstreams.entries()) {
    const card = cards[index];
    if (card !== undefined) fill(card, upstream);
  }
}

/** @param {string} name @returns {Card} */
function makeCard(name) {
  const state = make('p', { class: 'state' });
  const kind = make('p', { class: 'quiet small' });
  const alarms = make('p', { class: 'alarms bad', role: 'status' });
  const error = make('p', { class: 'error quiet small' });
  /** @type {Map<string, HTMLElement>} */
  const cells = new Map();
  const rows = ROWS.map(([key]) => {
    const cell = make('dd', { 'data-cell': key });
    cells.set(key, cell);
    return make('div', {}, make('dt', {}, t(`up.row.${key}`)), cell);
  });
  const card = make(
    'div',
    { class: 'card upstream', 'data-upstream': name },
    make('div', { class: 'upstream-head' }, make('h3', {}, name), state),
    kind,
    alarms,
    make('dl', { class: 'rows' }, ...rows),
    error,
  );
  return { card, state, kind, alarms, error, cells };
}

/** @param {Card} card @param {any} upstream */
function fill({ state, kind, alarms, error, cells }, upstream) {
  const name = upstream.state;
  if (state.dataset.state !== name) {
    state.dataset.state = name;
    state.replaceChildren(make('i', { class: 'mark' }), t(`up.state.${name}`));
  }
  const mode = t(`up.mode.${upstream.mode}`);
  setText(kind, upstream.isActive ? t('up.active', { mode }) : mode);
  setText(alarms, upstream.alarms.join(' · '));
  setText(error, errorText(upstream));
  for (const [key, text] of ROWS) {
    const cell = cells.get(key);
    if (cell !== undefined) setText(cell, text(upstream));
  }
  cells.get('mismatched')?.classList.toggle('bad', upstream.delivery.mismatched > 0);
}

/** @param {any} upstream */
function errorText({ lastError }) {
  if (lastError == null) return t('up.no-error');
  return t('up.error', { ago: ago(serverNowMs() - Date.parse(lastError.at)), text: lastError.text });
}

/** @param {any} delivery */
function waitingText({ waiting, underWay, oldestAgeSecs }) {
  if (waiting === 0) return '0';
  return t('up.waiting', { waiting, under: underWay, span: span(oldestAgeSecs * 1000) });
}
