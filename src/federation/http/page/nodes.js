// The table of nodes: what is asked for, and what can be searched.

import { getJson } from './api.js';
import { all, byId } from './dom.js';
import { STATES, startPinButtons } from './node-parts.js';
import { nodeRow, openRows, ROW_CELLS } from './node-row.js';
import { PagedTable } from './paged-table.js';
import { startPinned } from './pinned.js';
import { onPins } from './pins.js';
import { IS_PUBLIC } from './public.js';
import { t } from './words.js';

const ID_LENGTH_MAX = 64;

/** The newest sign of life in any answer. The first page loaded has the newest of all, because it is sorted by it. */
let latestSeenMs = -Infinity;

const table = new PagedTable({
  id: 'nodes',
  prefix: '',
  texts: {
    count: (n) => t('nodes.count', { n }),
    found: (n) => t('nodes.found', { n }),
    none: () => t('nodes.none'),
    noMatch: () => t('nodes.no-match'),
  },
  sort: '-lastSeen',
  descendingFirst: ['lastSeen', 'heartbeats', 'uptime'],
  filters: { state: (value) => STATES.includes(value) },
  problem: searchProblem,
  key: (node) => node.nodeId,
  row: nodeRow,
  async load({ q, sort, page, state }) {
    const { nodes, ...rest } = await getJson('api/federation/nodes', {
      sort,
      page,
      strip: ROW_CELLS,
      ...(q !== '' && { q }),
      ...(state !== '' && { state }),
    });
    for (const node of nodes) latestSeenMs = Math.max(latestSeenMs, Date.parse(node.lastSeenAt));
    return { ...rest, rows: nodes };
  },
  asked({ state }) {
    /** @type {HTMLSelectElement} */ (byId('state')).value = state;
    for (const button of all('[data-nodes-of]'))
      button.setAttribute('aria-pressed', String(button.dataset.nodesOf === state));
  },
  // The public page may stand behind a proxy that lets only the totals through.
  refused(status) {
    if (IS_PUBLIC && status !== 400) byId('nodes-section').hidden = true;
  },
});

export function startNodes() {
  const select = /** @type {HTMLSelectElement} */ (byId('state'));
  select.addEventListener('change', () => table.ask({ state: select.value, page: 1 }));
  for (const button of all('[data-nodes-of]'))
    button.addEventListener('click', () => showNodesOf(button.dataset.nodesOf ?? ''));
  // The bar of states is for the pointer alone: the numbers below it say and do the same.
  for (const part of all('#node-stack span'))
    part.addEventListener('click', () =>
      showNodesOf(STATES.find((each) => part.classList.contains(each)) ?? ''),
    );
  startPinButtons();
  openRows(byId('nodes'));
  onPins(() => table.repaint());
  table.start();
  startPinned();
}

/** Shows the nodes in this state, or all if these are shown. @param {string} state */
function showNodesOf(state) {
  const select = /** @type {HTMLSelectElement} */ (byId('state'));
  const next = select.value === state ? '' : state;
  table.ask({ state: next, page: 1 });
  if (next !== '') byId('nodes-section').scrollIntoView();
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
      .map((character) => (/\s/.test(character) ? t('nodes.a-space') : t('nodes.quoted', { character })))
      .join(', ');
    return t('nodes.foreign', { named: foreign.size > 5 ? t('nodes.and-others', { named }) : named });
  }
  return q.length > ID_LENGTH_MAX ? t('nodes.too-long', { n: q.length, limit: ID_LENGTH_MAX }) : '';
}
