// The page of one node: its state and since when, the strip of a window, its changes of state with their causes, and what else
// is stored of it; never its place. The user's own name and the pin stay in the browser.

import * as address from './address.js';
import { getJson, Refused } from './api.js';
import { all, byId, make, setText } from './dom.js';
import { count, dateTime, percent } from './format.js';
import { morph } from './morph.js';
import { NODE_ID, pinButton, stateMark, whyOnline } from './node-parts.js';
import { NodeStrip } from './node-strip.js';
import { onPins, ownName, rename } from './pins.js';
import { IS_PUBLIC } from './public.js';
import { showSeenTimesIn } from './seen-times.js';
import { TableRefresh } from './table-refresh.js';
import { TableRows } from './table-rows.js';
import { hasText, t } from './words.js';

const DAY_MS = 86_400_000;
/** Cells of 30 min, 2 h and 6 h. @type {Readonly<Record<string, { ms: number, cells: number }>>} */
const WINDOWS = {
  '24h': { ms: DAY_MS, cells: 48 },
  '7d': { ms: 7 * DAY_MS, cells: 84 },
  '30d': { ms: 30 * DAY_MS, cells: 120 },
};
const COPIED_MS = 2000;

const strip = new NodeStrip();
const refreshes = new TableRefresh();
const transitions = new TableRows('transitions', {
  key: ({ at, from, to }) => `${at} ${from} ${to}`,
  make: transitionRow,
});
/** The node that is shown; empty while another view is. */
let id = '';
let asked = '';
let turn = 0;

/** @type {import('./views.js').View} */
export const nodeView = { show, hide: () => (id = '') };

export function startNodeView() {
  strip.start();
  byId('node-window').addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement)
      address.set({ window: target.value === '24h' ? null : target.value });
  });
  const name = /** @type {HTMLInputElement} */ (byId('node-name'));
  name.addEventListener('change', () => rename(id, name.value));
  byId('node-copy').addEventListener('click', () => void copy());
  onPins(showPin);
  setInterval(() => {
    if (id === '') return;
    showSeenTimesIn(byId('view-node'));
    if (refreshes.isDue()) void load();
  }, 1000);
}

/** @param {any} document of the feed */
export function noteNode(document) {
  refreshes.note(document.nodes);
}

/** @param {readonly string[]} rest */
function show([next = '']) {
  const window = windowName();
  for (const input of all('#node-window input'))
    if (input instanceof HTMLInputElement) input.checked = input.value === window;
  const isOther = next !== id;
  id = next;
  if (isOther) {
    setText(byId('node-title'), id);
    byId('node-problem').hidden = true;
    byId('node-known').hidden = true;
    for (const link of all('#node-events'))
      link.setAttribute('href', address.linkTo(['events'], { node: id }));
    showPin();
  }
  if (`${id} ${window}` !== asked || isOther) {
    asked = `${id} ${window}`;
    void load();
  }
  if (id === '') return t('nodes.node');
  return ownName(id) === '' ? id : `${ownName(id)} (${id})`;
}

function windowName() {
  const name = address.get('window') ?? '';
  return Object.hasOwn(WINDOWS, name) ? name : '24h';
}

async function load() {
  const mine = ++turn;
  if (!NODE_ID.test(id)) {
    showProblem(t('node.unknown'));
    return;
  }
  const name = windowName();
  const { ms, cells } = WINDOWS[name] ?? { ms: DAY_MS, cells: 48 };
  refreshes.loading();
  try {
    const path = `api/federation/nodes/${encodeURIComponent(id)}`;
    const node = await getJson(path, { window: name, strip: cells });
    if (mine === turn) showNode(node, ms);
  } catch (error) {
    if (mine !== turn || !(error instanceof Refused)) return;
    const isUnknown = error.status === 404 || error.status === 400;
    if (!isUnknown && !IS_PUBLIC) return;
    showProblem(t(isUnknown ? 'node.unknown' : 'node.refused'));
  }
}

/** Shows a sentence in the place of the node. @param {string} text */
function showProblem(text) {
  byId('node-known').hidden = true;
  byId('node-problem').hidden = false;
  setText(byId('node-problem'), text);
}

/** @param {any} node @param {number} windowMs */
function showNode(node, windowMs) {
  byId('node-problem').hidden = true;
  byId('node-known').hidden = false;
  const since = node.transitions[0]?.at ?? node.firstSeenAt;
  const state = make('p', { id: 'node-state' }, stateMark(node.state), ' ');
  state.append(make('span', { class: 'quiet' }, t('node.since', { at: dateTime(since) })));
  if (node.authenticated)
    state.append(make('span', { class: 'signed', title: t('nodes.signed.title') }, t('nodes.signed')));
  morph(byId('node-state'), state);
  setText(byId('node-why'), whyOnline(node));
  setText(byId('node-uptime'), node.uptime === null ? '–' : percent(node.uptime));
  strip.show(node, windowMs);
  byId('node-seen').dataset.seen = node.lastSeenAt;
  setText(byId('node-seen-at'), dateTime(node.lastSeenAt));
  byId('node-first').dataset.seen = node.firstSeenAt;
  setText(byId('node-first-at'), dateTime(node.firstSeenAt));
  setText(byId('node-heartbeats'), count(node.heartbeats));
  setText(byId('node-signed'), t(node.authenticated ? 'node.signed.yes' : 'node.signed.no'));
  transitions.take(node.transitions, t('node.no-transitions'));
  showSeenTimesIn(byId('view-node'));
}

/** @param {any} change */
function transitionRow({ at, from, to, cause }) {
  const key = `node.cause.${cause}`;
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, dateTime(at)),
    make('td', { class: 'ago quiet' }, make('span', { 'data-seen': at })),
    make('td', { class: 'change' }, stateMark(from), make('span', { class: 'to' }, ' → '), stateMark(to)),
    make('td', { class: 'cause' }, hasText(key) ? t(key) : cause),
  );
}

function showPin() {
  if (id === '') return;
  const button = pinButton(id);
  const shown = byId('node-pin');
  if (shown.firstElementChild === null) shown.append(button);
  else morph(shown.firstElementChild, button);
  const name = /** @type {HTMLInputElement} */ (byId('node-name'));
  if (document.activeElement !== name) name.value = ownName(id);
}

/** Without a secure connection the browser lets no page write to the clipboard: then the id is selected, ready to copy. */
async function copy() {
  const button = byId('node-copy');
  try {
    await navigator.clipboard.writeText(id);
    setText(button, t('node.copied'));
  } catch {
    getSelection()?.selectAllChildren(byId('node-title'));
    setText(button, t('node.selected'));
  }
  setTimeout(() => setText(button, t('node.copy')), COPIED_MS);
}
