// What charts say in words: the span, a value that is read, and the newest, lowest and highest value.

import { gapAt, nearest, valueNear } from './chart-line.js';
import { span } from './format.js';
import { LOCALE } from './language.js';
import { t } from './words.js';

/** @typedef {import('./chart-line.js').Line} Line */
/** @typedef {import('./chart-times.js').Span} Span */
/** What happened at a time, or from one time to another; times in ms. Before a start nothing was recorded for `silentMs`. @typedef {{ atMs: number, untilMs: number | null, text: string, silentMs?: number | null }} Mark */
/** A part of a stack, such as the nodes of one state. @typedef {{ name: 'online' | 'stale' | 'offline', label: string, line: Line }} Part */
/** What a chart shows. `before` is the line of the span before, at the times of this one. @typedef {{ line: Line, parts: readonly Part[] | null, before: Line | null }} Lines */
/** @typedef {{ format: (value: number) => string }} Format */

const DAY = /** @type {const} */ ({ day: 'numeric', month: 'short' });
const MINUTE = /** @type {const} */ ({ hour: '2-digit', minute: '2-digit' });
const SECOND = /** @type {const} */ ({ second: '2-digit' });
/** A shorter span is told to the second. */
const IN_SECONDS_MS = 600_000;
const MARKS_READ = 3;

const MOMENT = new Intl.DateTimeFormat(LOCALE, { ...DAY, ...MINUTE, ...SECOND });
const FAR_MOMENT = new Intl.DateTimeFormat(LOCALE, { ...DAY, ...MINUTE, ...SECOND, year: 'numeric' });

/** A local date and time; the year only if it is not the present one. @param {number} ms */
export function moment(ms) {
  const isNear = new Date(ms).getFullYear() === new Date().getFullYear();
  return (isNear ? MOMENT : FAR_MOMENT).format(ms);
}

/** The span in words, with the zone. @param {Span} shown */
export function spanWords({ fromMs, toMs }) {
  const isNear = [fromMs, toMs].every((ms) => new Date(ms).getFullYear() === new Date().getFullYear());
  const form = new Intl.DateTimeFormat(LOCALE, {
    ...DAY,
    ...MINUTE,
    ...(!isNear && { year: 'numeric' }),
    ...(toMs - fromMs < IN_SECONDS_MS && SECOND),
  });
  return `${form.formatRange(fromMs, toMs)}, ${form.resolvedOptions().timeZone}`;
}

/** How a gap is named. @param {(span: string) => string} named @param {import('./chart-line.js').Gap} gap */
export function gapName(named, { from, to }) {
  return named(span((to - from) * 1000));
}

/**
 * What is read at a time, in seconds: the value and its time, the value before, the parts, and the marks nearer than
 * `near` seconds; in a gap, how long it is.
 * @param {Format} definition
 * @param {Lines} lines
 * @param {readonly Mark[]} marks
 * @param {(span: string) => string} named how a gap is named
 * @param {number} at
 * @param {number} near
 */
export function readingAt(definition, lines, marks, named, at, near) {
  const { line, parts, before } = lines;
  const told = marks.filter(
    ({ atMs, untilMs }) => at * 1000 >= atMs - near * 1000 && at * 1000 <= (untilMs ?? atMs) + near * 1000,
  );
  const heard = told
    .slice(0, MARKS_READ)
    .map(({ text, atMs }) => t('chart.mark', { text, at: moment(atMs) }));
  const gap = gapAt(line, at);
  if (gap !== undefined) {
    const [from, to] = [moment(gap.from * 1000), moment(gap.to * 1000)];
    return [t('chart.gap-read', { gap: gapName(named, gap), from, to }), ...heard].join(' · ');
  }
  const index = nearest(line, at);
  const value = line.values[index];
  const rowAt = line.at[index] ?? at;
  const texts = [
    value == null
      ? t('chart.no-value', { at: moment(rowAt * 1000) })
      : t('chart.value', { value: definition.format(value), at: moment(rowAt * 1000) }),
  ];
  const earlier = before === null ? null : valueNear(before, rowAt);
  if (earlier !== null) texts.push(t('chart.before', { value: definition.format(earlier) }));
  const stack = (parts ?? []).flatMap((part) => {
    const held = part.line.values[index];
    return held == null ? [] : [`${part.label} ${definition.format(held)}`];
  });
  if (stack.length > 0) texts.push(stack.join(', '));
  return [...texts, ...heard].join(' · ');
}

/**
 * The newest, lowest and highest value, and the newest of the span before; empty if there is no value.
 * @param {Format} definition
 * @param {Lines} lines
 * @param {boolean} isUpToNow false: the newest value is of the past
 */
export function summary({ format }, { line, before }, isUpToNow) {
  const known = line.values.filter((value) => value !== null);
  const newest = known.at(-1);
  if (newest === undefined) return '';
  const lastAt = line.at[line.values.findLastIndex((value) => value !== null)] ?? 0;
  const earlier = before === null ? null : valueNear(before, lastAt);
  return [
    isUpToNow ? t('chart.now', { value: format(newest) }) : t('chart.last', { value: format(newest) }),
    ...(earlier === null ? [] : [t('chart.before', { value: format(earlier) })]),
    t('chart.low', { value: format(Math.min(...known)) }),
    t('chart.high', { value: format(Math.max(...known)) }),
  ].join(' · ');
}
