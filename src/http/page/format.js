// Formats numbers and times for people, in the form that their browser uses.

import { LOCALE } from './language.js';
import { t } from './words.js';

const WHOLE = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const HUNDREDTHS = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SMALL = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 1 });
const COMPACT = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 6 });
const DAY = /** @type {const} */ ({ day: 'numeric', month: 'short' });
const MINUTE = /** @type {const} */ ({ hour: '2-digit', minute: '2-digit' });
const SECOND = /** @type {const} */ ({ ...MINUTE, second: '2-digit' });
/** Formats of a time axis, the shortest text first, each with the smallest step in seconds that it can show. */
const TIME_FORMATS = [
  { least: 86_400, lines: [times(DAY)] },
  { least: 86_400, lines: [times(DAY), times({ year: 'numeric' })] },
  { least: 60, lines: [times(MINUTE)] },
  { least: 60, lines: [times(MINUTE), times(DAY)] },
  { least: 0, lines: [times(SECOND)] },
  { least: 0, lines: [times(SECOND), times(DAY)] },
  {
    least: 0,
    lines: [times({ ...SECOND, timeZoneName: 'shortOffset' }), times({ ...DAY, year: 'numeric' })],
  },
];
/** A time ahead of the server's clock by less than this is network delay, not a wrong clock. */
const AHEAD_MS = 5000;

/** @param {Intl.DateTimeFormatOptions} options */
function times(options) {
  return new Intl.DateTimeFormat(LOCALE, options);
}

/** @param {number} value */
export function count(value) {
  return WHOLE.format(value);
}

/** @param {number} value */
export function tenths(value) {
  return TENTHS.format(value);
}

/**
 * A rate with a number of decimals that suits its size.
 * @param {number} value
 */
export function rate(value) {
  if (value >= 100 || value === 0) return count(value);
  if (value >= 1) return tenths(value);
  // A small rate keeps one significant digit: 0.00 would read as none.
  return value >= 0.01 ? HUNDREDTHS.format(value) : SMALL.format(value);
}

/**
 * The label of an axis value. Two different values of one axis never get the same label.
 * @param {number} value
 */
export function axisNumber(value) {
  return COMPACT.format(value);
}

/**
 * The labels of a time axis. No two are the same: if a label would appear twice, the labels get the date, the seconds
 * or the offset from UTC (in autumn one hour occurs twice), whichever makes them differ.
 * @param {readonly number[]} atSeconds
 * @param {number} stepSeconds between two labels
 * @returns {string[]}
 */
export function timeLabels(atSeconds, stepSeconds) {
  const dates = atSeconds.map((seconds) => new Date(seconds * 1000));
  const fitting = TIME_FORMATS.filter(({ least }) => stepSeconds >= least);
  const candidates = fitting.map(({ lines }) =>
    dates.map((each) => lines.map((line) => line.format(each)).join('\n')),
  );
  return candidates.find((labels) => new Set(labels).size === labels.length) ?? candidates.at(-1) ?? [];
}

/**
 * A share 0 … 1 in percent, rounded down, so that it never looks better than it is.
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
 * How long ago a time is, in whole seconds or a larger unit. A time ahead of the clock is shown as such, never as "just
 * now".
 * @param {number} ms
 */
export function ago(ms) {
  if (ms <= -AHEAD_MS) return t('time.future', { span: span(-ms) });
  return ms < 1500 ? t('time.now') : t('time.ago', { span: span(Math.max(1000, ms)) });
}

/**
 * The reason for a time in the future; empty if the time is not in the future.
 * @param {number} ms how long ago it is
 */
export function whyAhead(ms) {
  return ms <= -AHEAD_MS ? t('time.ahead', { span: span(-ms) }) : '';
}

/**
 * Digits of an integer of any size, in groups. Text that is no integer stays as it is. @param {string} digits
 */
export function exact(digits) {
  return /^\d+$/.test(digits) ? BigInt(digits).toLocaleString(LOCALE) : digits;
}

/**
 * A size that the server has written as text, such as `2.6 MiB`, with the decimal sign of the browser. Other text, such as
 * `N/A`, stays as it is. @param {string} text
 */
export function writtenSize(text) {
  const [, number = '', decimals = '', unit = ''] = /^(\d+(?:\.(\d+))?) (\w+)$/.exec(text) ?? [];
  if (number === '') return text;
  const digits = { minimumFractionDigits: decimals.length, maximumFractionDigits: decimals.length };
  return `${Number(number).toLocaleString(LOCALE, digits)} ${unit}`;
}

/** A size in powers of 1,024, as disks are measured. @param {number} value in bytes */
export function size(value) {
  let unit = 0;
  let scaled = value;
  while (scaled >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 ? count(scaled) : tenths(scaled)} ${UNITS[unit]}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** @param {number} value */
export function bytes(value) {
  if (value < 1e6) return `${tenths(value / 1e3)} kB`;
  return value < 1e9 ? `${tenths(value / 1e6)} MB` : `${tenths(value / 1e9)} GB`;
}

/**
 * Local date and time.
 * @param {string} iso
 */
export function dateTime(iso) {
  return new Date(iso).toLocaleString(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** Local date. @param {string} iso */
export function date(iso) {
  return new Date(iso).toLocaleDateString(LOCALE, { dateStyle: 'medium' });
}

/** Local date with its day of the week. @param {string} iso */
export function day(iso) {
  return new Date(iso).toLocaleDateString(LOCALE, { dateStyle: 'full' });
}

/** Local time of day. @param {string} iso */
export function timeOfDay(iso) {
  return new Date(iso).toLocaleTimeString(LOCALE, { timeStyle: 'medium' });
}

const RANGE = times({ ...DAY, ...MINUTE });

/** A span of local time, without what both ends share. @param {number} fromMs @param {number} toMs */
export function timeRange(fromMs, toMs) {
  return RANGE.formatRange(fromMs, toMs);
}

/** The zone of all times on the page: its name and its present offset from UTC. */
export function zone() {
  const parts = new Intl.DateTimeFormat(LOCALE, { timeZoneName: 'shortOffset' }).formatToParts();
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return timeZone === offset ? timeZone : `${timeZone} (${offset})`;
}
