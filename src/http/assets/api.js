// Asks the API. Keeps a key, where one is needed, for this tab only, and tells when one is missing.

const KEY_NAME = 'aggregator-key';
const PATIENCE_MS = 8000;

/** An answer that is not 200. */
export class Refused extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`the aggregator answered ${status}`);
    this.status = status;
  }
}

/** @type {() => void} */
let keyIsMissing = () => {};
/** Our clock minus the server's, in ms. */
let clockAheadMs = 0;

/** @param {() => void} told */
export function onMissingKey(told) {
  keyIsMissing = told;
}

/** @param {string} key */
export function useKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

/** The server's time, by our clock. */
export function serverNowMs() {
  return Date.now() - clockAheadMs;
}

/** @param {string} iso the server's time now */
export function noteServerTime(iso) {
  clockAheadMs = Date.now() - Date.parse(iso);
}

/**
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export async function open(address, signal) {
  const key = sessionStorage.getItem(KEY_NAME);
  const headers = key === null ? undefined : { authorization: `Bearer ${key}` };
  const response = await fetch(address, { signal, credentials: 'omit', ...(headers && { headers }) });
  if (response.status === 401 || response.status === 403) keyIsMissing();
  if (!response.ok) throw new Refused(response.status);
  return response;
}

/**
 * The answer as JSON; the browser asks with the tag of what it has.
 * @param {string} address
 * @param {Readonly<Record<string, string | number>>} [parameters]
 * @returns {Promise<any>}
 */
export async function getJson(address, parameters = {}) {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [name, String(value)]),
  ).toString();
  const response = await open(
    query === '' ? address : `${address}?${query}`,
    AbortSignal.timeout(PATIENCE_MS),
  );
  return response.json();
}
