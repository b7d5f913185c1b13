// The dashboard. The live feed keeps one document up to date, and the files beside this one show it.

import { showCharts, startCharts } from './charts.js';
import { showLive, showLost, startLive } from './live.js';
import { followShared } from './shared-feed.js';
import { noteTables, startTables } from './tables.js';
import { startTheme } from './theme.js';

/** @type {import('./feed.js').Feed} */
const FEED = { path: 'api/trades/events', polled: 'api/trades/health', slow: null };

startTheme();
startLive();
startCharts();
startTables();
followShared(FEED, {
  document(document) {
    showLive(document);
    showCharts(document);
    noteTables(document);
  },
  lost: showLost,
});
