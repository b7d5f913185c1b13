// Follows the live feed in this tab, from the worker that all tabs share. If the browser has no shared workers, or
// while the worker is silent, the tab polls the same document every few seconds. (The alternative, a lock that makes
// one tab the leader, fails: the browser slows or freezes a hidden leader, and offers locks only over HTTPS.)

import { keyOfTab, noteServerTime } from './api.js';
import { makePoll, statusOf } from './feed.js';

/** Part of the worker's identity: after an upgrade, tabs that use the former messages keep the former worker. */
const VERSION = 2;
const TURN_MS = 1000;
/** Maximum silence of the worker, which sends a message every second. */
const SILENCE_MAX_MS = 3000;
/** Time that a new worker gets for its first message before the tab starts another worker. */
const START_MAX_MS = 30_000;
const POLL_MS = 2000;

/** @typedef {import('./feed-hub.js').Message} Message */

/**
 * Follows the feed for ever.
 * @param {import('./feed.js').Feed} feed
 * @param {import('./feed.js').FeedListener} listener
 */
export function followShared(feed, listener) {
  const key = keyOfTab();
  const poll = makePoll(feed, key);
  /** @type {MessagePort | null} */
  let port = null;
  let openedMs = -Infinity;
  /** Time of the worker's last message, by `performance.now()`. */
  let heardMs = -Infinity;
  let polledMs = -Infinity;

  /** @param {MessageEvent<Message>} event */
  const hear = ({ data }) => {
    heardMs = performance.now();
    if (data.type === 'lost') listener.lost(data.status);
    else if (data.type === 'document') {
      noteServerTime(data.serverNowMs);
      listener.document(data.document);
    }
  };
  const open = () => {
    openedMs = performance.now();
    const former = port;
    port = connect(feed, hear);
    // Only after connecting again: a worker without any tab ends.
    former?.postMessage({ type: 'gone' });
    former?.close();
  };
  const ask = async () => {
    polledMs = performance.now();
    try {
      const document = await poll();
      if (heardMs > polledMs) return;
      noteServerTime(Date.parse(document.at));
      listener.document(document);
    } catch (error) {
      if (heardMs <= polledMs) listener.lost(statusOf(error));
    } finally {
      polledMs = performance.now();
    }
  };
  let isAsking = false;
  const turn = () => {
    const nowMs = performance.now();
    const isSilent = nowMs - Math.max(heardMs, openedMs) > SILENCE_MAX_MS;
    if (isSilent && (heardMs > openedMs || nowMs - openedMs > START_MAX_MS)) open();
    port?.postMessage({ type: 'here', key });
    if (isAsking || (port !== null && !isSilent) || nowMs - polledMs < POLL_MS) return;
    isAsking = true;
    void ask().finally(() => {
      isAsking = false;
    });
  };
  open();
  turn();
  setInterval(turn, TURN_MS);
  // If the page comes back from the browser's memory, the next turn registers the tab again.
  addEventListener('pagehide', () => port?.postMessage({ type: 'gone' }));
}

/**
 * Connects to the worker of this feed; null if this browser has no shared workers.
 * @param {import('./feed.js').Feed} feed
 * @param {(event: MessageEvent<Message>) => void} hear
 */
function connect(feed, hear) {
  try {
    const { port } = new SharedWorker(new URL('feed-worker.js', import.meta.url), {
      name: JSON.stringify({ version: VERSION, feed }),
      type: 'module',
    });
    port.addEventListener('message', hear);
    port.start();
    return port;
  } catch {
    return null;
  }
}
