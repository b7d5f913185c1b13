// The table of nodes. The aggregator sorts, searches and sends one page at a time. The table loads again soon after a
// node changed its state, otherwise a few times a minute, and not at all while the tab is hidden.

import { getJson, Refused, serverNowMs } from './api.js';
import { all, byId, make, makeSvg, setText } from './dom.js';
import { ago, count, dateTime, percent, whyAhead } from './format.js';

const STRIP_CELLS = 48;
const REFRESH_MS = 10_000;
const REFRESH_MOVED_MS = 2000;
const TYPING_MS = 250;
const SIGNED_TITLE = 'Its newest message was signed with an API key';
const ID_LENGTH_MAX = 64;
const STATE_TEXTS = { online: 'Online', stale: 'Stale', offline: 'Offline' };

const asked = { q: '', state: '', sort: '-lastSeen', page: 1 };
let turn = 0;
let loadedMs = 0;
let moved = '';
let isMoved = false;
/** @type {any} */
let shown = null;
/** The newest sign of life in any answer. The first page loaded has the newest of all, because it is sorted by it. */
let latestSeenMs = -Infinity;

export function startNodes() {
  const search = /** @type {HTMLInputElement} */ (byId('search'));
  const state = /** @type {HTMLSelectElement} */ (byId('state'));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({ q: search.value.trim(), page: 1 }), TYPING_MS);
  });
  state.addEventListener('change', () => ask({ state: state.value, page: 1 }));
  byId('previous').addEventListener('click', () => ask({ page: asked.page - 1 }));
  byId('next').addEventListener('click', () => ask({ page: asked.page + 1 }));
  for (const head of all('#nodes th[data-sort]')) {
    head.querySelector('button')?.addEventListener('click', () => sortBy(head));
  }
  setInterval(refresh, 1000);
  void load();
}

/** When a node was last seen, as far as the table knows; null if it knows of none. */
export function lastSeenMs() {
  return latestSeenMs === -Infinity ? null : latestSeenMs;
}

/** @param {any} document of the feed */
export function noteNodes(document) {
  const now = JSON.stringify(document.nodes);
  if (now === moved) return;
  moved = now;
  isMoved = true;
}

function refresh() {
  if (shown !== null) showTimes();
  const ageMs = performance.now() - loadedMs;
  if (document.hidden || ageMs < (isMoved ? REFRESH_MOVED_MS : REFRESH_MS)) return;
  void load();
}

/** @param {HTMLElement} head */
function sortBy(head) {
  const name = head.dataset.sort ?? '';
  // The first click sorts times and numbers of heartbeats descending, everything else ascending.
  const startsDown = name === 'lastSeen' || name === 'heartbeats';
  const isDown = asked.sort === name || asked.sort === `-${name}` ? asked.sort === name : startsDown;
  for (const other of all('#nodes th[aria-sort]')) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
  ask({ sort: `${isDown ? '-' : ''}${name}`, page: 1 });
}

/** @param {Partial<typeof asked>} change */
function ask(change) {
  Object.assign(asked, change);
  void load();
}

async function load() {
  const mine = ++turn;
  loadedMs = performance.now();
  isMoved = false;
  const { q, state, sort, page } = asked;
  const problem = searchProblem(q);
  if (problem !== '') {
    showProblem(problem);
    return;
  }
  try {
    const answer = await getJson('api/federation/nodes', {
      sort,
      page,
      strip: STRIP_CELLS,
      ...(q !== '' && { q }),
      ...(state !== '' && { state }),
    });
    if (mine !== turn) return;
    setProblem('');
    // There are fewer pages now than when the user chose this one.
    if (answer.nodes.length === 0 && answer.total > 0) ask({ page: Math.max(1, answer.pages) });
    else show(answer);
  } catch (error) {
    // The next refresh loads again; until then the table stays as it is.
    if (mine === turn && error instanceof Refused && error.status === 400) showProblem(error.reason);
  }
}

/**
 * The reason why this text cannot be searched; empty if it can. The same rule as the API's, checked before a request.
 * @param {string} q
 */
function searchProblem(q) {
  const foreign = new Set(q.match(/[^A-Za-z0-9_-]/gu));
  if (foreign.size > 0) {
    const named = [...foreign]
      .slice(0, 5)
      .map((character) => (/\s/.test(character) ? 'a space' : `“${character}”`));
    return `Not searched: a node id has only letters A to Z and a to z, digits, _ and -. Take out ${named.join(', ')}${foreign.size > 5 ? ' and others' : ''}.`;
  }
  if (q.length > ID_LENGTH_MAX)
    return `Not searched: a node id has ${ID_LENGTH_MAX} characters at most, and this has ${count(q.length)}.`;
  return '';
}

/**
 * Empties the table: its rows answer another question and would look like this one's answer. @param {string} problem
 */
function showProblem(problem) {
  setProblem(problem);
  show({ nodes: [], page: 1, pages: 0, total: 0 });
  setText(byId('nodes-count'), 'Not searched');
}

/** @param {string} problem */
function setProblem(problem) {
  setText(byId('search-problem'), problem);
  byId('search').setAttribute('aria-invalid', String(problem !== ''));
}

/** @param {any} answer */
function show(answer) {
  shown = answer;
  for (const node of answer.nodes) latestSeenMs = Math.max(latestSeenMs, Date.parse(node.lastSeenAt));
  const body = document.querySelector('#nodes tbody');
  if (answer.nodes.length === 0) {
    const isFiltered = asked.q !== '' || asked.state !== '';
    const isRefused = byId('search-problem').textContent !== '';
    const nothing = isRefused
      ? 'Nothing was searched.'
      : isFiltered
        ? 'No node matches.'
        : 'No node has been heard yet.';
    body?.replaceChildren(make('tr', {}, make('td', { colspan: '7', class: 'none' }, nothing)));
  } else {
    body?.replaceChildren(...answer.nodes.map(row));
  }
  const pages = Math.max(1, answer.pages);
  setText(byId('page'), `Page ${count(answer.page)} of ${count(pages)}`);
  const isFiltered = asked.q !== '' || asked.state !== '';
  const noun = answer.total === 1 ? 'node' : 'nodes';
  setText(byId('nodes-count'), `${count(answer.total)} ${noun}${isFiltered ? ' found' : ''}`);
  /** @type {HTMLButtonElement} */ (byId('previous')).disabled = answer.page <= 1;
  /** @type {HTMLButtonElement} */ (byId('next')).disabled = answer.page >= pages;
  showTimes();
}

/** @param {any} node */
function row(node) {
  const state = /** @type {keyof typeof STATE_TEXTS} */ (node.state);
  return make(
    'tr',
    { 'data-node': node.nodeId },
    make('th', { scope: 'row', title: node.nodeId }, node.nodeId),
    make(
      'td',
      {},
      make('span', { class: `state ${state}` }, make('i', { class: `mark ${state}` }), STATE_TEXTS[state]),
      ...(node.authenticated ? [make('span', { class: 'signed', title: SIGNED_TITLE }, 'signed')] : []),
    ),
    make('td', { class: 'right', 'data-seen': node.lastSeenAt }),
    make('td', { class: 'wide spare' }, strip(node)),
    make('td', { class: 'right' }, node.uptime === null ? '–' : percent(node.uptime)),
    make('td', { class: 'right spare' }, count(node.heartbeats)),
    make(
      'td',
      { class: 'right spare', title: dateTime(node.firstSeenAt) },
      new Date(node.firstSeenAt).toLocaleDateString('en-GB', { dateStyle: 'medium' }),
    ),
  );
}

/** Draws the observed time of the last 24 h, the oldest at the left. @param {any} node */
function strip(node) {
  /** @type {(number | null)[]} */
  const cells = node.strip ?? [];
  const name = node.uptime === null ? 'not observed yet' : `up ${percent(node.uptime)} of the observed time`;
  const svg = makeSvg('svg', {
    class: 'strip',
    viewBox: `0 0 ${STRIP_CELLS * 4} 18`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': name,
  });
  // One path per colour, because a page of a hundred nodes has thousands of cells.
  const paths = new Map(['none', 'up', 'part', 'down'].map((kind) => [kind, '']));
  cells.forEach((share, index) => {
    const kind = share === null ? 'none' : share > 0.995 ? 'up' : share < 0.005 ? 'down' : 'part';
    paths.set(kind, `${paths.get(kind)}M${index * 4} 0h3v18h-3z`);
  });
  for (const [kind, d] of paths) if (d !== '') svg.append(makeSvg('path', { class: kind, d }));
  return svg;
}

function showTimes() {
  for (const cell of all('#nodes [data-seen]')) {
    const seenAt = cell.dataset.seen ?? '';
    const agoMs = serverNowMs() - Date.parse(seenAt);
    setText(cell, ago(agoMs));
    cell.title = `${dateTime(seenAt)} ${whyAhead(agoMs)}`.trim();
  }
}
