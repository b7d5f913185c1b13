// Numbers and times as people read them.

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number} value */
export function count(value) {
  return WHOLE.format(value);
}

/** @param {number} value */
export function tenths(value) {
  return TENTHS.format(value);
}

/**
 * A rate with as many decimals as it deserves.
 * @param {number} value
 */
export function rate(value) {
  return value >= 100 || value === 0 ? count(value) : value >= 1 ? tenths(value) : value.toFixed(2);
}

/**
 * A share 0 … 1 in percent, rounded down: it never looks better than it is.
 * @param {number} share
 */
export function percent(share) {
  return `${tenths(Math.floor(share * 1000 + 1e-9) / 10)} %`;
}

/**
 * A span of time in its largest unit.
 * @param {number} ms
 */
export function span(ms) {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${count(Math.round(seconds / 86_400))} d`;
}

/**
 * How long ago, in whole seconds and larger.
 * @param {number} ms
 */
export function ago(ms) {
  return ms < 1500 ? 'just now' : `${span(Math.max(1000, ms))} ago`;
}

/** @param {number} size */
export function bytes(size) {
  if (size < 1e6) return `${tenths(size / 1e3)} kB`;
  return size < 1e9 ? `${tenths(size / 1e6)} MB` : `${tenths(size / 1e9)} GB`;
}

/**
 * Local date and time.
 * @param {string} iso
 */
export function dateTime(iso) {
  return new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}
