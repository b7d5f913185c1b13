// The live feed: a document and merge patches for it (Server-Sent Events, read with fetch so that a key can be sent).
// While there is none, the same document is asked for every few seconds. It touches nothing of a page.

import { getJson, open, Refused } from './api.js';

/** The aggregator says something at least every 15 s. */
const SILENCE_MAX_MS = 18_000;
const WATCH_MS = 1000;
const RETRY_MS = 2000;
const POLL_MS = 5000;
/** Between two looks the clock and the time that passed differ by so much after the machine slept. */
const SLEPT_MS = 5000;
const PERIODS = ['1h', '24h', '7d', 'all'];

/** @typedef {{ document: (document: any) => void, lost: (status: number | null) => void }} Told */

/**
 * Follows the feed until `signal` ends it.
 * @param {Told} told
 * @param {{ key: string | null, signal: AbortSignal, mayStream: () => boolean }} how `mayStream` is false where the
 *   browser's connections are taken: then it is polled
 */
export async function follow(told, { key, signal, mayStream }) {
  const poll = makePoll(key);
  while (!signal.aborted) {
    let status = null;
    let isPolled = !mayStream();
    const startedMs = performance.now();
    try {
      if (!isPolled) await readFeed(told.document, key, signal);
      // It was ended as every feed is after some minutes: come again at once.
      if (performance.now() - startedMs > RETRY_MS) continue;
    } catch (error) {
      status = statusOf(error);
      isPolled = status === 503;
    }
    if (signal.aborted) return;
    if (isPolled) {
      await poll().then(told.document, (error) => told.lost(statusOf(error)));
      await wait(POLL_MS);
    } else {
      told.lost(status);
      await wait(RETRY_MS);
    }
  }
}

/**
 * The status of the answer that an error is of; null: there was no answer.
 * @param {unknown} error
 */
export function statusOf(error) {
  return error instanceof Refused ? error.status : null;
}

/**
 * @param {(document: any) => void} told
 * @param {string | null} key
 * @param {AbortSignal} signal
 */
async function readFeed(told, key, signal) {
  const stop = new AbortController();
  const end = () => stop.abort();
  signal.addEventListener('abort', end);
  let heardMs = performance.now();
  let hasSlept = false;
  const clockAheadMs = Date.now() - heardMs;
  const watch = setInterval(() => {
    const nowMs = performance.now();
    // After a sleep the time that passed is not known, and the connection is seldom there still.
    hasSlept = Math.abs(Date.now() - nowMs - clockAheadMs) > SLEPT_MS;
    if (hasSlept || nowMs - heardMs > SILENCE_MAX_MS) stop.abort();
  }, WATCH_MS);
  try {
    const response = await open('api/federation/events', stop.signal, key);
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
        told(document);
      }
    }
  } catch (error) {
    // Come again at once.
    if (!hasSlept) throw error;
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', end);
  }
}

/**
 * Makes a function that asks for the document of the feed; for the statistics only after a tick.
 * @param {string | null} key
 * @returns {() => Promise<any>}
 */
export function makePoll(key) {
  /** @type {any} */
  let statistics = null;
  /** @type {string | null} */
  let tickAt = null;
  return async () => {
    const health = await getJson('api/federation/health', {}, key);
    if (health.lastTickAt !== tickAt) {
      const answers = await Promise.all(
        PERIODS.map((period) => getJson('api/federation/network-stats', { period }, key)),
      );
      statistics =
        health.lastTickAt === null
          ? null
          : Object.fromEntries(PERIODS.map((period, index) => [period, answers[index]]));
      tickAt = health.lastTickAt;
    }
    return { ...health, statistics };
  };
}

/**
 * RFC 7396.
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
