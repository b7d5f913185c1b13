// The live feed: a document and merge patches for it (Server-Sent Events, read with fetch so that a key can be sent).
// While there is no feed, this file polls the same document every few seconds. It touches nothing of a page. The page's
// program hands in where the feed is and how the document is put together.

import { getJson, open, Refused } from './api.js';

/** Maximum silence on the feed; the aggregator sends an event or a comment at least every 15 s. */
const SILENCE_MAX_MS = 18_000;
const WATCH_MS = 1000;
const RETRY_MS = 2000;
const POLL_MS = 5000;
/** If the wall clock and the monotonic clock differ by this much between two checks, the machine slept. */
const SLEPT_MS = 5000;

/** @typedef {{ document: (document: any) => void, lost: (status: number | null) => void }} FeedListener */
/**
 * `mayStream` is false if the browser's connections are taken; then the document is polled.
 * @typedef {{ key: string | null, signal: AbortSignal, mayStream: () => boolean }} How
 */
/**
 * A program's feed, in paths below the page. Plain data, because the shared worker gets it in its name. `path` streams
 * the document. The answer of `polled` is the document without the member `slow.member`, which holds the answers of
 * `slow.paths` by name. They change only with the document's member `slow.changesWith`; without it the member is null.
 * @typedef {{
 *   path: string,
 *   polled: string,
 *   slow: { member: string, changesWith: string, paths: Record<string, string> } | null,
 * }} Feed
 */

/**
 * Follows the feed until `signal` ends it.
 * @param {Feed} feed
 * @param {FeedListener} listener
 * @param {How} how
 */
export async function follow(feed, listener, { key, signal, mayStream }) {
  const poll = makePoll(feed, key);
  while (!signal.aborted) {
    let status = null;
    let isPolled = !mayStream();
    const startedMs = performance.now();
    try {
      if (!isPolled) await readFeed(feed.path, listener.document, key, signal);
      // The aggregator ended the feed, as it ends every feed after some minutes: connect again at once.
      if (performance.now() - startedMs > RETRY_MS) continue;
    } catch (error) {
      status = statusOf(error);
      isPolled = status === 503;
    }
    if (signal.aborted) return;
    if (isPolled) {
      await poll().then(listener.document, (error) => listener.lost(statusOf(error)));
      await wait(POLL_MS);
    } else {
      listener.lost(status);
      await wait(RETRY_MS);
    }
  }
}

/**
 * The HTTP status of the answer that caused the error; null if there was no answer.
 * @param {unknown} error
 */
export function statusOf(error) {
  return error instanceof Refused ? error.status : null;
}

/**
 * @param {string} path
 * @param {(document: any) => void} onDocument
 * @param {string | null} key
 * @param {AbortSignal} signal
 */
async function readFeed(path, onDocument, key, signal) {
  const stop = new AbortController();
  const end = () => stop.abort();
  signal.addEventListener('abort', end);
  let heardMs = performance.now();
  let hasSlept = false;
  const clockAheadMs = Date.now() - heardMs;
  const watch = setInterval(() => {
    const nowMs = performance.now();
    // After a sleep the time since the last event is unknown, and the connection is usually gone.
    hasSlept = Math.abs(Date.now() - nowMs - clockAheadMs) > SLEPT_MS;
    if (hasSlept || nowMs - heardMs > SILENCE_MAX_MS) stop.abort();
  }, WATCH_MS);
  try {
    const response = await open(path, stop.signal, key);
    if (response.body === null) return;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    /** @type {any} */
    let document = null;
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heardMs = performance.now();
      text += value;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data: '));
        if (data === undefined) continue;
        const content = JSON.parse(data.slice(6));
        document = event.startsWith('event: snapshot') ? content : patched(document, content);
        onDocument(document);
      }
    }
  } catch (error) {
    // After a sleep the feed connects again at once.
    if (!hasSlept) throw error;
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', end);
  }
}

/**
 * Makes a function that polls the feed's document. It loads the slow member again only after a change.
 * @param {Feed} feed
 * @param {string | null} key
 * @returns {() => Promise<any>}
 */
export function makePoll({ polled, slow }, key) {
  /** @type {Record<string, any> | null} */
  let answers = null;
  /** @type {unknown} */
  let loadedWith = null;
  return async () => {
    const document = await getJson(polled, {}, key);
    if (slow === null) return document;
    const changesWith = document[slow.changesWith] ?? null;
    if (changesWith !== loadedWith) {
      answers = changesWith === null ? null : await loadAll(slow.paths, key);
      loadedWith = changesWith;
    }
    return { ...document, [slow.member]: answers };
  };
}

/**
 * Loads every path, and returns the answers by the names of the paths.
 * @param {Record<string, string>} paths
 * @param {string | null} key
 */
async function loadAll(paths, key) {
  const answers = Object.entries(paths).map(async ([name, path]) => [name, await getJson(path, {}, key)]);
  return Object.fromEntries(await Promise.all(answers));
}

/**
 * Applies a merge patch (RFC 7396).
 * @param {any} target
 * @param {any} patch
 * @returns {any}
 */
function patched(target, patch) {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, patched(result.get(name), value));
  }
  return Object.fromEntries(result);
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
