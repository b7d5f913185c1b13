// The pinned nodes above the table: each is asked for by its id, so it is shown whatever the table is asked for.

import { getJson, Refused } from './api.js';
import { isDashboard } from './address.js';
import { byId, make } from './dom.js';
import { nodeLink, pinButton } from './node-parts.js';
import { nodeRow, openRows, ROW_CELLS } from './node-row.js';
import { onPins, pins } from './pins.js';
import { showSeenTimes } from './seen-times.js';
import { TableRefresh } from './table-refresh.js';
import { TableRows } from './table-rows.js';
import { t } from './words.js';

const COLUMNS = 7;
const refreshes = new TableRefresh();
const rows = new TableRows('pinned', {
  key: ({ nodeId }) => nodeId,
  make: (node) => (node.state === undefined ? strangerRow(node.nodeId) : nodeRow(node)),
});
/** The newest answer of each node; only the id of one that the aggregator does not know. @type {Map<string, any>} */
const known = new Map();

export function startPinned() {
  openRows(byId('pinned'));
  onPins(() => {
    show();
    void load();
  });
  setInterval(() => {
    if (!isDashboard() || pins().length === 0) return;
    showSeenTimes('pinned');
    if (refreshes.isDue()) void load();
  }, 1000);
  show();
  void load();
}

async function load() {
  refreshes.loading();
  await Promise.all(
    pins().map(async ({ id }) => {
      try {
        known.set(id, await getJson(`api/federation/nodes/${encodeURIComponent(id)}`, { strip: ROW_CELLS }));
      } catch (error) {
        if (error instanceof Refused && (error.status === 404 || error.status === 400))
          known.set(id, { nodeId: id });
      }
    }),
  );
  show();
}

function show() {
  byId('pinned-card').hidden = pins().length === 0;
  rows.take(
    pins().map(({ id }) => known.get(id) ?? { nodeId: id }),
    '',
  );
  showSeenTimes('pinned');
}

/** @param {string} id */
function strangerRow(id) {
  return make(
    'tr',
    { 'data-node': id },
    make('th', { scope: 'row' }, make('span', { class: 'who' }, pinButton(id), ...nodeLink(id))),
    make('td', { class: 'quiet', colspan: String(COLUMNS - 1) }, known.has(id) ? t('nodes.unknown') : '…'),
  );
}
