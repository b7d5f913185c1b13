// Paints what stands beside the lines of a chart: gaps as striped bands with their names, and marks of what happened as
// flags at the bottom. It decides nothing: gaps and marks are handed in.

import { chartFont } from './chart-axes.js';
import { pattern } from './chart-colours.js';
import { all, make } from './dom.js';

/** @typedef {import('./uplot.js').default} Plot */
/** @typedef {import('./chart-colours.js').Colours} Colours */
/** @typedef {import('./chart-words.js').Mark} Mark */
/** A gap with its name; times in seconds. @typedef {import('./chart-line.js').Gap & { name: string }} NamedGap */

const FLAG_PX = 6;
const BAR_PX = 4;
const ROOM_PX = 12;
const NAME_PX = 18;
/** Half the width of the place that shows the text of a mark under the pointer. */
export const MARK_PX = 7;

/** The bands of gaps, below the lines. @param {Plot} plot @param {readonly NamedGap[]} gaps @param {Colours} colours */
export function paintGaps(plot, gaps, colours) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = pattern(ctx, 'gap', colours.gap, devicePixelRatio);
  for (const { from, to } of gaps) {
    const [left, right] = edges(plot, from, to);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** The names of gaps that are wide enough, above the lines. @param {Plot} plot @param {readonly NamedGap[]} gaps @param {Colours} colours */
export function paintGapNames(plot, gaps, colours) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = chartFont(ratio);
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  for (const { from, to, name } of gaps) {
    const [left, right] = edges(plot, from, to);
    const width = ctx.measureText(name).width + ROOM_PX * ratio;
    if (width > right - left) continue;
    const [middle, y, height] = [(left + right) / 2, bbox.top + bbox.height / 2, NAME_PX * ratio];
    ctx.fillStyle = colours.card;
    ctx.fillRect(middle - width / 2, y - height / 2, width, height);
    ctx.fillStyle = colours.quiet;
    ctx.fillText(name, middle, y);
  }
  ctx.restore();
}

/** @param {Plot} plot @param {readonly Mark[]} marks @param {Colours} colours */
export function paintMarks(plot, marks, colours) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - FLAG_PX * ratio, bbox.top, bbox.width + 2 * FLAG_PX * ratio, bbox.height);
  ctx.clip();
  ctx.fillStyle = ctx.strokeStyle = colours.mark;
  for (const { atMs, untilMs } of marks) {
    const x = plot.valToPos(atMs / 1000, 'x', true);
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bottom);
    ctx.stroke();
    if (untilMs !== null) {
      const [left, right] = edges(plot, atMs / 1000, untilMs / 1000);
      ctx.fillRect(left, bottom - BAR_PX * ratio, Math.max(ratio, right - left), BAR_PX * ratio);
    }
    ctx.beginPath();
    ctx.moveTo(x - FLAG_PX * ratio, bottom);
    ctx.lineTo(x + FLAG_PX * ratio, bottom);
    ctx.lineTo(x, bottom - 1.5 * FLAG_PX * ratio);
    ctx.fill();
  }
  ctx.restore();
}

/**
 * Places over the flags, whose texts the browser shows under the pointer. They stay the same elements from tick to tick, so
 * that a text that is shown stays.
 * @param {Plot} plot
 * @param {readonly Mark[]} marks
 */
export function placeMarks(plot, marks) {
  const { min, max } = plot.scales['x'] ?? {};
  if (min == null || max == null) return;
  const places = all('.chart-mark', plot.over);
  const shown = marks.filter(({ atMs, untilMs }) => (untilMs ?? atMs) / 1000 >= min && atMs / 1000 <= max);
  for (const { atMs, untilMs, text } of shown) {
    const left = plot.valToPos(Math.max(min, atMs / 1000), 'x');
    const right = plot.valToPos(Math.min(max, (untilMs ?? atMs) / 1000), 'x');
    const place = places.shift() ?? plot.over.appendChild(make('span', { class: 'chart-mark' }));
    if (place.title !== text) place.title = text;
    place.style.left = `${left - MARK_PX}px`;
    place.style.width = `${right - left + 2 * MARK_PX}px`;
  }
  for (const place of places) place.remove();
}

/** The edges of a span within the chart, in pixels of the canvas. @param {Plot} plot @param {number} from @param {number} to */
function edges(plot, from, to) {
  const { left, width } = plot.bbox;
  const within = (/** @type {number} */ at) =>
    Math.max(left, Math.min(left + width, plot.valToPos(at, 'x', true)));
  return /** @type {const} */ ([within(from), within(to)]);
}
