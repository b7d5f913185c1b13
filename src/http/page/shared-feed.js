// The live feed as this tab has it: from the worker that all tabs share. Where there is no such worker, or while it says
// nothing, the tab asks for the same document every few seconds itself. (A tab that leads the others by a lock would be
// slowed or frozen when it is hidden, and browsers have locks over HTTPS only.)

import { keyOfTab, noteServerTime } from './api.js';
import { makePoll, statusOf } from './feed.js';

/** Part of the worker's identity: after an upgrade tabs with the former messages keep the former worker. */
const NAME = 'aggregator feed 1';
const TURN_MS = 1000;
/** The worker speaks every second. */
const SILENCE_MAX_MS = 3000;
/** A worker that has never spoken gets this long before another is tried. */
const START_MAX_MS = 30_000;
const POLL_MS = 2000;

/** @typedef {import('./feed-hub.js').Message} Message */

/**
 * Follows the feed for ever.
 * @param {import('./feed.js').Told} told
 */
export function followShared(told) {
  const key = keyOfTab();
  const poll = makePoll(key);
  /** @type {MessagePort | null} */
  let port = null;
  let openedMs = -Infinity;
  /** When the worker spoke last, by `performance.now()`. */
  let heardMs = -Infinity;
  let polledMs = -Infinity;

  /** @param {MessageEvent<Message>} event */
  const hear = ({ data }) => {
    heardMs = performance.now();
    if (data.type === 'lost') told.lost(data.status);
    else if (data.type === 'document') {
      noteServerTime(data.serverNowMs);
      told.document(data.document);
    }
  };
  const open = () => {
    openedMs = performance.now();
    const former = port;
    port = connect(hear);
    // Only now: a worker without any tab ends.
    former?.postMessage({ type: 'gone' });
    former?.close();
  };
  const ask = async () => {
    polledMs = performance.now();
    try {
      const document = await poll();
      if (heardMs > polledMs) return;
      noteServerTime(Date.parse(document.at));
      told.document(document);
    } catch (error) {
      if (heardMs <= polledMs) told.lost(statusOf(error));
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
  // Said again where the page comes back from the browser's memory.
  addEventListener('pagehide', () => port?.postMessage({ type: 'gone' }));
}

/**
 * The way to the worker; null: this browser has none for us.
 * @param {(event: MessageEvent<Message>) => void} hear
 */
function connect(hear) {
  try {
    const { port } = new SharedWorker(new URL('feed-worker.js', import.meta.url), {
      name: NAME,
      type: 'module',
    });
    port.addEventListener('message', hear);
    port.start();
    return port;
  } catch {
    return null;
  }
}
