// What the chart library draws: the lines, areas and stack of a chart, its axes, and the actions of its pointer. It knows
// neither the data's meaning nor its source.

import { chartAxes } from './chart-axes.js';
import { pattern } from './chart-colours.js';
import { joined } from './chart-line.js';
import uPlot from './uplot.js';

/** @typedef {import('./uplot.js').default} Plot */
/** @typedef {import('./uplot.js').default.Options} PlotOptions */
/** @typedef {import('./uplot.js').default.Series} Series */
/** @typedef {import('./chart-words.js').Lines} Lines */
/** `isBars` draws a bar from each time to the next. @typedef {import('./chart-axes.js').Scale & { format: (value: number) => string, isBars?: boolean, range?: (least: number, most: number) => [number, number] }} Look */
/** @typedef {{ read: (plot: Plot) => void, select: (fromMs: number, toMs: number) => void, reset: () => void, under: (plot: Plot) => void, over: (plot: Plot) => void }} Actions */

/** Nearly as wide as a step, at most 60 pixels, and from its time on. */
const BARS = uPlot.paths.bars?.({ size: [0.9, 60], align: 1 });
const VISIBLE_LINE_PX = 4;
/** A shorter drag counts as a click. */
const LEAST_DRAG_PX = 8;
/** The line of each state; a stack is drawn from the top down. */
const DASHES = /** @type {const} */ ({ online: [], stale: [6, 3], offline: [2, 3] });

/**
 * @param {Look} look
 * @param {Lines} lines
 * @param {{ width: number, height: number }} size
 * @param {import('./chart-colours.js').Colours} colours
 * @param {Actions} actions
 * @returns {PlotOptions}
 */
export function plotOptions(look, { parts, before }, size, colours, actions) {
  const { axes, right } = chartAxes(look, colours);
  /** The index of the first series of the stack. */
  const first = before === null ? 1 : 2;
  const states = (parts ?? []).map(({ name }) => name).toReversed();
  /** The area of a state down to the next one, or to the bottom. @param {'online' | 'stale' | 'offline'} name */
  const area = (name) => (/** @type {Plot} */ plot) =>
    pattern(plot.ctx, name, colours[name], devicePixelRatio);
  /** @type {Series[]} */
  const stack = states.map((name, index) => ({
    stroke: colours[name],
    width: 1.5,
    dash: [...DASHES[name]],
    spanGaps: false,
    points: { show: false, filter: lonely },
    ...(index === states.length - 1 && { fill: area(name) }),
  }));
  return {
    ...size,
    legend: { show: false },
    padding: [10, right, 0, 0],
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: 'history' } },
    scales: {
      x: { time: true },
      y: { range: (_plot, least, most) => (look.range ?? fromZero)(least, most) },
    },
    axes,
    series: [
      {},
      // Below the other lines, which must be seen where both are equal.
      ...(before === null
        ? []
        : [{ stroke: colours.quiet, width: 1, dash: [4, 3], spanGaps: false, points: { show: false } }]),
      ...stack,
      {
        stroke: colours.line,
        // An area that does not begin at 0 would show wrong proportions, so there it is a line.
        fill: (plot) =>
          parts === null && isFromZero(plot) && !colours.isForced ? colours.soft : 'transparent',
        width: 1.5,
        spanGaps: false,
        ...(look.isBars === true && BARS && { paths: BARS, ...(colours.isForced && { fill: colours.line }) }),
        points: { show: false, filter: lonely },
      },
    ],
    bands: states
      .slice(0, -1)
      .map((name, index) => ({ series: [first + index, first + index + 1], fill: area(name) })),
    hooks: {
      setCursor: [actions.read],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < LEAST_DRAG_PX) return;
          const fromMs = plot.posToVal(left, 'x') * 1000;
          const toMs = plot.posToVal(left + width, 'x') * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          actions.select(fromMs, toMs);
        },
      ],
      drawAxes: [actions.under],
      draw: [actions.over],
      ready: [(plot) => plot.over.addEventListener('dblclick', actions.reset)],
    },
  };
}

/** The columns of a chart: times, the line of the span before, the stack from the top down, and the line itself. @param {Lines} lines @returns {import('./uplot.js').default.AlignedData} */
export function plotData({ line, parts, before }) {
  const sums = line.at.map((_, index) => partSums(parts ?? [], index));
  const stack = (parts ?? []).map((_, part) => sums.map((sum) => sum[part] ?? null)).toReversed();
  // Where the parts are known, their sum is drawn and not the line.
  const own = line.values.map((value, index) => (sums[index]?.[0] == null ? value : null));
  if (before === null) return [line.at, ...stack, own];
  const { at, columns } = joined([
    { at: before.at, columns: [before.values] },
    { at: line.at, columns: [...stack, own] },
  ]);
  return [at, ...columns];
}

/** The sums of the parts at a time, the first part alone first; null if any is unknown. @param {readonly import('./chart-words.js').Part[]} parts @param {number} index @returns {(number | null)[]} */
function partSums(parts, index) {
  const values = parts.map(({ line }) => line.values[index] ?? null);
  if (values.includes(null)) return values.map(() => null);
  let sum = 0;
  return values.map((value) => (sum += value ?? 0));
}

/** True if areas begin at 0. @param {Plot} plot */
export function isFromZero(plot) {
  return (plot.scales['y']?.min ?? 1) <= 0;
}

/** @param {number} _least @param {number} most @returns {[number, number]} */
function fromZero(_least, most) {
  return [0, most > 0 ? most * 1.1 : 1];
}

/**
 * The indexes of values to draw as points: values between two breaks whose line is too short to be visible. Times at
 * which only another line has a value count for nothing.
 * @param {Plot} plot @param {number} series @returns {number[] | null}
 */
function lonely(plot, series) {
  const values = plot.data[series] ?? [];
  const own = Array.from(values.keys()).filter((index) => values[index] !== undefined);
  /** @type {number[]} */
  const points = [];
  const leftOf = (/** @type {number} */ index) => plot.valToPos(plot.data[0][index] ?? 0, 'x');
  for (let first = 0; first < own.length; first++) {
    if (values[own[first] ?? 0] == null) continue;
    let last = first;
    while (values[own[last + 1] ?? -1] != null) last++;
    if (leftOf(own[last] ?? 0) - leftOf(own[first] ?? 0) < VISIBLE_LINE_PX) points.push(own[last] ?? 0);
    first = last;
  }
  return points.length === 0 ? null : points;
}
