// The shared worker of all tabs of one browser: it holds the live feed. The browser slows or freezes hidden
// tabs, but not this worker. The browser ends the worker with the last tab. `shared-feed.js` puts the addresses of the
// feed into the worker's name.

import { follow } from './feed.js';
import { BEAT_MS, makeHub } from './feed-hub.js';

/** @type {{ feed: import('./feed.js').Feed }} */
const { feed } = JSON.parse(self.name);
const hub = makeHub({
  follow: (listener, how) => follow(feed, listener, how),
  nowMs: () => performance.now(),
});
setInterval(() => hub.beat(), BEAT_MS);
self.addEventListener('connect', (event) => {
  for (const port of /** @type {MessageEvent} */ (event).ports) {
    port.addEventListener('message', ({ data }) => hub.hear(port, data));
    port.start();
  }
});
