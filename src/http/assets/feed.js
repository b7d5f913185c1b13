// The live feed: a document and merge patches for it (Server-Sent Events, read with fetch so that a key can be sent).
// While there is none, the same document is asked for every few seconds.

import { getJson, noteServerTime, open, Refused } from './api.js';

/** The aggregator says something at least every 15 s. */
const SILENCE_MAX_MS = 18_000;
const WATCH_MS = 1000;
const RETRY_MS = 2000;
const POLL_MS = 5000;

/**
 * Follows the feed for ever.
 * @param {{ document: (document: any) => void, lost: (status: number | null) => void }} parts
 */
export async function follow(parts) {
  for (;;) {
    let status = null;
    const startedMs = performance.now();
    try {
      await readFeed(parts.document);
      // It was ended as every feed is after some minutes: come again at once.
      if (performance.now() - startedMs > RETRY_MS) continue;
    } catch (error) {
      status = error instanceof Refused ? error.status : null;
    }
    if (status === 503) {
      await poll(parts.document).catch(() => parts.lost(null));
      await wait(POLL_MS);
    } else {
      parts.lost(status);
      await wait(RETRY_MS);
    }
  }
}

/** @param {(document: any) => void} told */
async function readFeed(told) {
  const stop = new AbortController();
  let heardMs = performance.now();
  const watch = setInterval(() => {
    if (performance.now() - heardMs > SILENCE_MAX_MS) stop.abort();
  }, WATCH_MS);
  try {
    const response = await open('/api/federation/events', stop.signal);
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
        noteServerTime(document.at);
        told(document);
      }
    }
  } finally {
    clearInterval(watch);
  }
}

/** @param {(document: any) => void} told */
async function poll(told) {
  const periods = ['1h', '24h', '7d', 'all'];
  const [health, ...statistics] = await Promise.all([
    getJson('/api/federation/health'),
    ...periods.map((period) => getJson('/api/federation/network-stats', { period })),
  ]);
  noteServerTime(health.at);
  const isThere = health.lastTickAt !== null;
  told({
    ...health,
    statistics: isThere
      ? Object.fromEntries(periods.map((period, index) => [period, statistics[index]]))
      : null,
  });
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
