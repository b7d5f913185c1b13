// The table of nodes: its rows, and what can be searched.

import { getJson } from './api.js';
import { byId, make, makeSvg } from './dom.js';
import { count, date, dateTime, percent } from './format.js';
import { PagedTable } from './paged-table.js';

const STRIP_CELLS = 48;
const SIGNED_TITLE = 'Its newest message was signed with an API key';
const ID_LENGTH_MAX = 64;
const STATE_TEXTS = { online: 'Online', stale: 'Stale', offline: 'Offline' };

let state = '';
/** The newest sign of life in any answer. The first page loaded has the newest of all, because it is sorted by it. */
let latestSeenMs = -Infinity;

const table = new PagedTable({
  id: 'nodes',
  nouns: ['node', 'nodes'],
  none: 'No node has been heard yet.',
  sort: '-lastSeen',
  descendingFirst: ['lastSeen', 'heartbeats'],
  problem: searchProblem,
  isFiltered: () => state !== '',
  row,
  async load({ q, sort, page }) {
    const { nodes, ...rest } = await getJson('api/federation/nodes', {
      sort,
      page,
      strip: STRIP_CELLS,
      ...(q !== '' && { q }),
      ...(state !== '' && { state }),
    });
    for (const node of nodes) latestSeenMs = Math.max(latestSeenMs, Date.parse(node.lastSeenAt));
    return { ...rest, rows: nodes };
  },
});

export function startNodes() {
  const select = /** @type {HTMLSelectElement} */ (byId('state'));
  select.addEventListener('change', () => {
    state = select.value;
    table.ask({ page: 1 });
  });
  table.start();
}

/** When a node was last seen, as far as the table knows; null if it knows of none. */
export function lastSeenMs() {
  return latestSeenMs === -Infinity ? null : latestSeenMs;
}

/** @param {any} document of the feed */
export function noteNodes(document) {
  table.note(document.nodes);
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

/** @param {any} node */
function row(node) {
  const nodeState = /** @type {keyof typeof STATE_TEXTS} */ (node.state);
  return make(
    'tr',
    { 'data-node': node.nodeId },
    make('th', { scope: 'row', title: node.nodeId }, node.nodeId),
    make(
      'td',
      {},
      make(
        'span',
        { class: `state ${nodeState}` },
        make('i', { class: `mark ${nodeState}` }),
        STATE_TEXTS[nodeState],
      ),
      ...(node.authenticated ? [make('span', { class: 'signed', title: SIGNED_TITLE }, 'signed')] : []),
    ),
    make('td', { class: 'right', 'data-seen': node.lastSeenAt }),
    make('td', { class: 'wide spare' }, strip(node)),
    make('td', { class: 'right' }, node.uptime === null ? '–' : percent(node.uptime)),
    make('td', { class: 'right spare' }, count(node.heartbeats)),
    make('td', { class: 'right spare', title: dateTime(node.firstSeenAt) }, date(node.firstSeenAt)),
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
