// The look of a chart: axes, colours, and the actions of its pointer. It knows neither the data nor its source.

import { make } from './dom.js';
import { axisNumber, timeLabels } from './format.js';
import uPlot from './uplot.js';

/** @typedef {import('./uplot.js').default} Plot */
/** @typedef {import('./uplot.js').default.Options} PlotOptions */
/** `isBars` draws a bar from each time to the next. `axis` makes the labels of the values, in `steps`. @typedef {{ format: (value: number) => string, isWhole?: boolean, isBars?: boolean, axis?: (value: number) => string, steps?: number[], range?: (least: number, most: number) => [number, number] }} Look */

/** 1, 2, 5, 10, 20, 50 … */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();
/** Nearly as wide as a step, at most 60 pixels, and from its time on. */
const BARS = uPlot.paths.bars?.({ size: [0.9, 60], align: 1 });
const VISIBLE_LINE_PX = 4;
/** A shorter drag counts as a click. */
const LEAST_DRAG_PX = 8;

/**
 * @param {Look} look
 * @param {{ width: number, height: number }} size
 * @param {{ read: (plot: Plot) => void, select: (fromMs: number, toMs: number) => void, reset: () => void }} actions
 * @returns {PlotOptions}
 */
export function plotOptions(look, size, { read, select, reset }) {
  const style = getComputedStyle(document.body);
  const colour = (/** @type {string} */ name) => resolved(style.getPropertyValue(name));
  return {
    ...size,
    legend: { show: false },
    // Space at the right for the label of the last time.
    padding: [8, 22, 0, 0],
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: 'history' } },
    scales: {
      x: { time: true },
      y: { range: (_plot, least, most) => (look.range ?? fromZero)(least, most) },
    },
    axes: axes(look, colour),
    series: [
      {},
      {
        stroke: colour('--accent'),
        fill: colour('--accent-soft'),
        width: 1.5,
        spanGaps: false,
        ...(look.isBars === true && BARS && { paths: BARS }),
        points: { show: false, filter: (plot, index) => lonely(plot, plot.data[index] ?? []) },
      },
    ],
    hooks: {
      setCursor: [read],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < LEAST_DRAG_PX) return;
          const fromMs = plot.posToVal(left, 'x') * 1000;
          const toMs = plot.posToVal(left + width, 'x') * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          select(fromMs, toMs);
        },
      ],
      ready: [(plot) => plot.over.addEventListener('dblclick', reset)],
    },
  };
}

/** @param {Look} look @param {(name: string) => string} colour @returns {import('./uplot.js').default.Axis[]} */
function axes(look, colour) {
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return [
    {
      ...axis,
      grid: { show: false },
      size: (_plot, texts) => ((texts ?? []).some((text) => text.includes('\n')) ? 40 : 26),
      space: 60,
      values: (_plot, splits, _axis, _space, step) => timeLabels(splits, step),
    },
    {
      ...axis,
      size: look.axis === undefined ? 48 : 62,
      space: 34,
      ...(look.isWhole === true && { incrs: WHOLE_STEPS }),
      ...(look.steps && { incrs: look.steps }),
      values: (_plot, splits) => splits.map((value) => (look.axis ?? axisNumber)(value)),
    },
  ];
}

/** @param {number} _least @param {number} most @returns {[number, number]} */
function fromZero(_least, most) {
  return [0, most > 0 ? most * 1.1 : 1];
}

/**
 * The indexes of values to draw as points: values between two breaks whose line is too short to be visible.
 * @param {Plot} plot @param {ArrayLike<number | null | undefined>} values @returns {number[] | null}
 */
function lonely(plot, values) {
  /** @type {number[]} */
  const points = [];
  const leftOf = (/** @type {number} */ index) => plot.valToPos(plot.data[0][index] ?? 0, 'x');
  for (let first = 0; first < values.length; first++) {
    if (values[first] == null) continue;
    let last = first;
    while (values[last + 1] != null) last++;
    if (leftOf(last) - leftOf(first) < VISIBLE_LINE_PX) points.push(last);
    first = last;
  }
  return points.length === 0 ? null : points;
}

/**
 * A canvas does not understand light-dark(), so the browser resolves the colour on an element. @param {string} colour
 */
function resolved(colour) {
  const probe = make('span');
  probe.style.color = colour;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
