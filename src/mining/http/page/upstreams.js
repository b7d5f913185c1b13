// The upstreams: a card for each, with its health and the delivery to it. Cards stay while their upstreams do, so that
// text in them stays selected.

import { serverNowMs } from './api.js';
import { byId, make, setText } from './dom.js';
import { ago, count, exact, span } from './format.js';

const STATES = { probing: 'Probing', ready: 'Ready', degraded: 'Degraded', down: 'Down' };
const MODES = { pool: 'Pool', wallet: 'Wallet' };

/** The rows of a card: name, term, text. @type {readonly [string, string, (upstream: any) => string][]} */
const ROWS = [
  ['since', 'In this state', ({ since }) => `for ${span(serverNowMs() - Date.parse(since))}`],
  ['height', 'Height', ({ height }) => (height == null ? '–' : exact(height))],
  [
    'information',
    'Last information',
    ({ informationAgeSecs: age }) => (age == null ? 'none yet' : ago(age * 1000)),
  ],
  ['waiting', 'Waiting', ({ delivery }) => waitingText(delivery)],
  [
    'attempts',
    'Attempts',
    ({ delivery }) => `${count(delivery.attempts)}, ${count(delivery.failedAttempts)} failed`,
  ],
  ['delivered', 'Delivered', ({ delivery }) => count(delivery.delivered)],
  ['redelivered', 'Delivered again', ({ delivery }) => count(delivery.redelivered)],
  ['refused', 'Refused', ({ delivery }) => count(delivery.refused)],
  ['expired', 'Too late', ({ delivery }) => count(delivery.expired)],
  ['replaced', 'Replaced by better', ({ delivery }) => count(delivery.replaced)],
  ['mismatched', 'Other raw quality', ({ delivery }) => count(delivery.mismatched)],
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
  const rows = ROWS.map(([key, term]) => {
    const cell = make('dd', { 'data-cell': key });
    cells.set(key, cell);
    return make('div', {}, make('dt', {}, term), cell);
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
  const name = /** @type {keyof typeof STATES} */ (upstream.state);
  if (state.dataset.state !== name) {
    state.dataset.state = name;
    state.replaceChildren(make('i', { class: 'mark' }), STATES[name]);
  }
  const mode = MODES[/** @type {keyof typeof MODES} */ (upstream.mode)];
  setText(kind, upstream.isActive ? `${mode}; miners are served from it` : mode);
  setText(alarms, upstream.alarms.join(' · '));
  setText(error, errorText(upstream));
  for (const [key, , text] of ROWS) {
    const cell = cells.get(key);
    if (cell !== undefined) setText(cell, text(upstream));
  }
  cells.get('mismatched')?.classList.toggle('bad', upstream.delivery.mismatched > 0);
}

/** @param {any} upstream */
function errorText({ lastError }) {
  if (lastError == null) return 'No error since the start.';
  return `Last error, ${ago(serverNowMs() - Date.parse(lastError.at))}: ${lastError.text}`;
}

/** @param {any} delivery */
function waitingText({ waiting, underWay, oldestAgeSecs }) {
  if (waiting === 0) return '0';
  return `${count(waiting)}, ${count(underWay)} under way, oldest ${span(oldestAgeSecs * 1000)}`;
}
