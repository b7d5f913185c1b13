// Asks the API, in the page and in the worker that reads the feed for all tabs. Keeps a key, where one is needed, for this
// tab only, and knows the server's time.

/** Where the page stands: the folder above this file. Behind a reverse proxy that need not be the root of the host. */
const ROOT = new URL('../', import.meta.url);
/** Two aggregators behind one host have the same storage and not the same keys. */
const KEY_NAME = `aggregator-key ${ROOT.pathname}`;
const PATIENCE_MS = 8000;

/** An answer that is not 200, with the sentence that the aggregator gave for it. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} reason
   */
  constructor(status, reason) {
    super(`the aggregator answered ${status}`);
    this.status = status;
    this.reason = reason;
  }
}

/** @type {(status: number) => void} */
let keyIsRefused = () => {};
/** The server's clock minus `performance.now()`, in ms. Null: no answer has told the time yet. @type {number | null} */
let serverAheadMs = null;

/** @param {(status: number) => void} told with 401 or 403 */
export function onRefusedKey(told) {
  keyIsRefused = told;
}

/** The key of this tab; null: none. */
export function keyOfTab() {
  try {
    return sessionStorage.getItem(KEY_NAME);
  } catch {
    // The browser keeps nothing for us; the page works without.
    return null;
  }
}

/** @param {string} key */
export function useKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

/** The server's time. The browser's clock may be wrong, so it is asked only as long as the server has told nothing. */
export function serverNowMs() {
  return serverAheadMs === null ? Date.now() : performance.now() + serverAheadMs;
}

/** @param {number} nowMs the server's time now */
export function noteServerTime(nowMs) {
  serverAheadMs = nowMs - performance.now();
}

/**
 * @param {string} path below the page, without a slash in front
 * @param {AbortSignal} signal
 * @param {string | null} key
 * @returns {Promise<Response>}
 */
export async function open(path, signal, key) {
  const headers = key === null ? undefined : { authorization: `Bearer ${key}` };
  const response = await fetch(new URL(path, ROOT), {
    signal,
    credentials: 'omit',
    ...(headers && { headers }),
  });
  // Until the feed speaks, any answer tells the time, to a second.
  const date = Date.parse(response.headers.get('date') ?? '');
  if (serverAheadMs === null && !Number.isNaN(date)) noteServerTime(date);
  if (response.ok) return response;
  if (response.status === 401 || response.status === 403) keyIsRefused(response.status);
  const body = await response.json().catch(() => null);
  throw new Refused(response.status, String(body?.error?.message ?? ''));
}

/**
 * The answer as JSON; the browser asks with the tag of what it has.
 * @param {string} path
 * @param {Readonly<Record<string, string | number>>} [parameters]
 * @param {string | null} [key]
 * @returns {Promise<any>}
 */
export async function getJson(path, parameters = {}, key = keyOfTab()) {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [name, String(value)]),
  ).toString();
  const response = await open(
    query === '' ? path : `${path}?${query}`,
    AbortSignal.timeout(PATIENCE_MS),
    key,
  );
  return response.json();
}
