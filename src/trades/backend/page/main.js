// The page of the reference backend. The live feed keeps one document up to date, and the files beside this one show it
// and what the user chooses.

import { noteSummaries, startClient } from './client.js';
import { noteClients, startClients } from './clients.js';
import { live } from './live.js';
import { followShared } from './shared-feed.js';
import { startTheme } from './theme.js';

/** @type {import('./feed.js').Feed} */
const FEED = { path: 'api/ingest/events', polled: 'api/ingest/health', slow: null };

startTheme();
live.start();
startClient();
startClients();
followShared(FEED, {
  document(document) {
    live.take(document);
    noteClients(document);
    noteSummaries(document);
  },
  lost: (status) => live.lose(status),
});
