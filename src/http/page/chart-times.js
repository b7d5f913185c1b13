// The times of a chart's span as texts: in the address, and in the inputs of a form. It knows neither the page nor the
// address, so it runs anywhere.

/** @typedef {{ fromMs: number, toMs: number }} Span */

/** The times that the API takes: the years 1970 to 9999. */
const LAST_MS = Date.UTC(9999, 11, 31);
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** The time of a text of the address: ISO with a zone, or milliseconds; null for any other text. @param {string | null} text */
export function timeOf(text) {
  if (text === null) return null;
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : ISO.test(text) ? Date.parse(text) : NaN;
  return ms >= 0 && ms <= LAST_MS ? ms : null;
}

/** A time for the address, to a second. @param {number} ms */
export function addressTime(ms) {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * The span of two texts of the address; null unless both are times, and the span has the least length.
 * @param {string | null} from
 * @param {string | null} to
 * @param {number} leastMs
 * @returns {Span | null}
 */
export function spanOf(from, to, leastMs) {
  const [fromMs, toMs] = [timeOf(from), timeOf(to)];
  if (fromMs === null || toMs === null || toMs - fromMs < leastMs) return null;
  return { fromMs, toMs };
}

/** A time for an input of the type `datetime-local`: local time, to a minute; empty without one. @param {number | null} ms */
export function inputTime(ms) {
  if (ms === null) return '';
  const at = new Date(ms);
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const year = String(at.getFullYear()).padStart(4, '0');
  return `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The time of such an input, in ms; NaN if it has none. @param {{ readonly value: string }} input */
export function localTime({ value }) {
  return value === '' ? NaN : new Date(value).getTime();
}

/**
 * What is wrong with the two times of a form; null if nothing is. Times are in ms; an empty or incomplete input has NaN.
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} leastMs the shortest span
 * @param {number} nowMs
 * @returns {'incomplete' | 'years' | 'order' | 'future' | 'short' | null}
 */
export function problemOf(fromMs, toMs, leastMs, nowMs) {
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) return 'incomplete';
  if (fromMs < 0 || toMs > LAST_MS) return 'years';
  if (toMs <= fromMs) return 'order';
  if (fromMs > nowMs) return 'future';
  return toMs - fromMs < leastMs ? 'short' : null;
}
