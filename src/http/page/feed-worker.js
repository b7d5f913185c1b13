// The shared worker of all tabs of one browser: it holds the live feed. The browser slows or freezes hidden tabs but
// not this worker, which lives as long as any tab does.

import { follow } from './feed.js';
import { BEAT_MS, makeHub } from './feed-hub.js';

const hub = makeHub({ follow, nowMs: () => performance.now() });
setInterval(() => hub.beat(), BEAT_MS);
self.addEventListener('connect', (event) => {
  for (const port of /** @type {MessageEvent} */ (event).ports) {
    port.addEventListener('message', ({ data }) => hub.hear(port, data));
    port.start();
  }
});
