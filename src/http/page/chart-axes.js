// The axes of a chart. Labels are measured, so that none is cut at an edge or runs into the next one, in any language,
// clock and width.

import { axisNumber, timeLabels } from './format.js';

/** @typedef {import('./uplot.js').default} Plot */
/** @typedef {import('./uplot.js').default.Axis} Axis */
/** `axis` makes the labels of the values, in `steps`. @typedef {{ isWhole?: boolean, axis?: (value: number) => string, steps?: number[] }} Scale */

/** 1, 2, 5, 10, 20, 50 … */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();
/** The distances of time labels, in pixels, that are tried until the labels fit. */
const SPACES = [60, 75, 90, 110, 135, 165, 200];
const BETWEEN_PX = 12;
const GAP_PX = 5;
const LINE_HEIGHT = 1.5;

/** The labels of each chart. @type {WeakMap<Plot, { times?: { at: number, text: string }[], values?: string[] }>} */
const LABELS = new WeakMap();

const measure = document.createElement('canvas').getContext('2d');

/** The size of the labels, in pixels: it grows with the browser's font. */
function fontPx() {
  return Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.6875);
}

/** The font of all texts in a chart. @param {number} [scale] */
export function chartFont(scale = 1) {
  return `${fontPx() * scale}px system-ui, sans-serif`;
}

/** The width of the widest line of these labels, in pixels of the page. @param {readonly (string | null)[]} labels */
export function widthOf(labels) {
  if (measure === null) return 0;
  measure.font = chartFont();
  const lines = labels.flatMap((label) => label?.split('\n') ?? []);
  return Math.max(0, ...lines.map((line) => measure.measureText(line).width));
}

/**
 * The axes, and the space that the last time label needs at the right.
 * @param {Scale} scale
 * @param {import('./chart-colours.js').Colours} colours
 */
export function chartAxes(scale, colours) {
  let halfLabel = 0;
  const axis = {
    stroke: colours.quiet,
    ticks: { show: false },
    gap: GAP_PX,
    font: chartFont(),
    lineGap: LINE_HEIGHT,
  };
  /** @type {Axis[]} */
  const axes = [
    {
      ...axis,
      grid: { show: false },
      size: (_plot, texts) => {
        const lines = Math.max(1, ...(texts ?? []).map((text) => (text ?? '').split('\n').length));
        return Math.ceil(GAP_PX + lines * fontPx() * LINE_HEIGHT + 4);
      },
      space: (_plot, _index, from, to, width) => timeSpace(from, to, width),
      values: (plot, splits, _index, space, step) => {
        const labels = apart(timeLabels(splits, step), space);
        const times = labels.flatMap((text, index) =>
          text === null ? [] : [{ at: splits[index] ?? 0, text }],
        );
        LABELS.set(plot, { ...LABELS.get(plot), times });
        halfLabel = Math.ceil(widthOf(labels) / 2);
        return labels;
      },
    },
    {
      ...axis,
      grid: { stroke: colours.grid, width: 1 },
      // Half of the first time label may stand below this axis.
      size: (_plot, texts) => Math.max(Math.ceil(widthOf(texts ?? [])) + GAP_PX + 3, halfLabel + 2),
      space: Math.max(34, fontPx() * 2.5),
      ...(scale.isWhole === true && { incrs: WHOLE_STEPS }),
      ...(scale.steps && { incrs: scale.steps }),
      values: (plot, splits) => {
        const values = splits.map((value) => (scale.axis ?? axisNumber)(value));
        LABELS.set(plot, { ...LABELS.get(plot), values });
        return values;
      },
    },
  ];
  return { axes, right: () => Math.max(8, halfLabel + 2) };
}

/** The distance of time labels with which they do not run into each other. @param {number} from @param {number} to @param {number} width */
function timeSpace(from, to, width) {
  const fits = (/** @type {number} */ space) => {
    const step = ((to - from) * space) / Math.max(1, width);
    const times = Array.from({ length: Math.floor(width / space) + 1 }, (_, index) => from + index * step);
    return widthOf(timeLabels(times, step)) + BETWEEN_PX <= space;
  };
  return SPACES.find(fits) ?? SPACES.at(-1) ?? 0;
}

/** Leaves labels out if they would run into each other all the same. @param {string[]} labels @param {number} spacePx */
function apart(labels, spacePx) {
  const each = Math.max(1, Math.ceil((widthOf(labels) + GAP_PX) / Math.max(1, spacePx)));
  return labels.map((label, index) => (index % each === 0 ? label : null));
}

/**
 * Where the labels stand, in pixels of the page from the left edge of the chart, for tests of what is cut.
 * @param {Plot} plot
 * @returns {{ text: string, left: number, right: number }[]}
 */
export function labelBoxes(plot) {
  const { times = [], values = [] } = LABELS.get(plot) ?? {};
  const left = plot.bbox.left / devicePixelRatio;
  const below = times.map(({ at, text }) => {
    const middle = left + plot.valToPos(at, 'x');
    const half = widthOf([text]) / 2;
    return { text, left: middle - half, right: middle + half };
  });
  const beside = values.map((text) => ({
    text,
    left: left - GAP_PX - widthOf([text]),
    right: left - GAP_PX,
  }));
  return [...below, ...beside];
}
