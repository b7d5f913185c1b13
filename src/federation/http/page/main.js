// The dashboard. The live feed keeps one document up to date, and the files beside this one show it.

import { keyOfTab, onRefusedKey, useKey } from './api.js';
import { showCharts, startCharts } from './charts.js';
import { pathParts } from './address.js';
import { all, byId, setText } from './dom.js';
import { eventsView, noteEvents, startEventsView } from './events-view.js';
import { noteLatestEvents, startLatestEvents } from './latest-events.js';
import { live } from './live.js';
import { noteParts } from './node-parts.js';
import { nodeView, noteNode, startNodeView } from './node-view.js';
import { noteNodes, startNodes } from './nodes.js';
import { startNotifications } from './notifications.js';
import { titleView } from './page-title.js';
import { IS_PUBLIC } from './public.js';
import { startReporting } from './reporting.js';
import { followShared } from './shared-feed.js';
import { showStatistics, startStatistics } from './statistics.js';
import { startFrame } from './page-frame.js';
import { startViews } from './views.js';
import { t } from './words.js';

/** @type {import('./feed.js').Feed} */
const FEED = {
  path: IS_PUBLIC ? 'api/federation/public/events' : 'api/federation/events',
  polled: IS_PUBLIC ? 'api/federation/public' : 'api/federation/health',
  slow: {
    member: 'statistics',
    changesWith: 'lastTickAt',
    paths: Object.fromEntries(
      ['1h', '24h', '7d', 'all'].map((period) => [period, `api/federation/network-stats?period=${period}`]),
    ),
  },
};

startFrame(IS_PUBLIC ? ['node'] : ['node', 'events']);
const askForKey = startKeyForm();
// Behind a proxy, the public page may be refused some of its numbers, for which no key helps.
if (!IS_PUBLIC) onRefusedKey(askForKey);
startStatistics();
live.start();
startCharts();
startNodes();
if (!IS_PUBLIC) {
  startReporting();
  startNotifications();
}
startNodeView();
if (!IS_PUBLIC) {
  startEventsView();
  startLatestEvents();
}
startViews(
  { dashboard: { show: showDashboard }, node: nodeView, ...(IS_PUBLIC ? {} : { events: eventsView }) },
  (title) => {
    titleView(`${title} · ${t('view.title')}`);
    for (const link of all('[data-view]'))
      if (link.dataset.view === (pathParts()[0] ?? '')) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
  },
);
followShared(FEED, {
  document(document) {
    live.take(document);
    showStatistics(document);
    showCharts(document);
    noteParts(document);
    noteNodes(document);
    noteNode(document);
    noteEvents(document);
    noteLatestEvents(document);
  },
  lost(status) {
    if (status === 401 || status === 403) askForKey(status);
    live.lose(status);
  },
});

/** Links to the dashboard lead to what it showed last: its search, page and span. */
function showDashboard() {
  for (const link of all('[data-home]'))
    link.setAttribute('href', location.hash.startsWith('#/') ? location.hash : '#/');
  return t('view.dashboard');
}

/** @returns {(status: number) => void} a function to call with the status of a refused answer */
function startKeyForm() {
  const form = byId('key-form');
  const input = /** @type {HTMLInputElement} */ (byId('key'));
  const problem = byId('key-problem');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (!/^[A-Za-z0-9_-]{43}$/.test(key)) {
      setText(problem, t('key.no-key'));
      return;
    }
    try {
      useKey(key);
    } catch {
      setText(problem, t('key.not-kept'));
      return;
    }
    input.value = '';
    // The page loads everything again with the key.
    location.reload();
  });
  return (status) => {
    // While the user is entering a key, its problem stays visible: this refusal is about the former key.
    if (form.hidden && keyOfTab() !== null)
      setText(problem, t(status === 403 ? 'key.may-not-read' : 'key.not-in-force'));
    form.hidden = false;
  };
}
