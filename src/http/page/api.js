// Calls the API, in the page and in the worker that reads the feed for all tabs. It keeps an API key for this tab only,
// and it knows the server's time.

/** The address of the page: the folder above this file. Behind a reverse proxy it may be below the root of the host. */
const ROOT = new URL('../', import.meta.url);
/** Two aggregators behind one host share the browser's storage but not their keys. */
const KEY_NAME = `aggregator-key ${ROOT.pathname}`;
const PATIENCE_MS = 8000;

/** An answer with an error status, and the sentence in which the aggregator gave the reason. */
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
/**
 * The server's clock minus `performance.now()`, in ms. Null until an answer tells the server's time. @type {number |
 * null}
 */
let serverAheadMs = null;

/** @param {(status: number) => void} listener called with 401 or 403 */
export function onRefusedKey(listener) {
  keyIsRefused = listener;
}

/** The key of this tab; null if it has none. */
export function keyOfTab() {
  try {
    return sessionStorage.getItem(KEY_NAME);
  } catch {
    // The browser allows no storage; the page works without it.
    return null;
  }
}

/** @param {string} key */
export function useKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

/** The server's time. Uses the browser's clock, which may be wrong, only until an answer tells the server's time. */
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
    // A password that a reverse proxy asks for is sent by the browser itself, in the header that an API key needs.
    credentials: key === null ? 'same-origin' : 'omit',
    ...(headers && { headers }),
  });
  // Until the feed sends a time, the header `date` of any answer gives it, to a second.
  const date = Date.parse(response.headers.get('date') ?? '');
  if (serverAheadMs === null && !Number.isNaN(date)) noteServerTime(date);
  if (response.ok) return response;
  if (response.status === 401 || response.status === 403) keyIsRefused(response.status);
  const body = await response.json().catch(() => null);
  // Some programs answer `{"error":"<text>"}`, others `{"error":{"message":"<text>"}}`.
  throw new Refused(response.status, String(body?.error?.message ?? body?.error ?? ''));
}

/**
 * Returns the answer as JSON; the browser revalidates an answer that it has by its tag.
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
