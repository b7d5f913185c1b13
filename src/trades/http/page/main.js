// The dashboard. The live feed keeps one document up to date, and the files beside this one show it.

import { showCharts, startCharts } from './charts.js';
import { live } from './live.js';
import { followShared } from './shared-feed.js';
import { noteTables, startTables } from './tables.js';
import { startFrame } from './page-frame.js';

/** @type {import('./feed.js').Feed} */
const FEED = { path: 'api/trades/events', polled: 'api/trades/health', slow: null };

startFrame();
live.start();
startCharts();
startTables();
followShared(FEED, {
  document(document) {
    live.take(document);
    showCharts(document);
    noteTables(document);
  },
  lost: (status) => live.lose(status),
});
