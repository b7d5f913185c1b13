// One chart of the page: its figure, what it draws and what is read from it. It loads nothing; the frame hands it its
// lines (chart-frame.js).

import { labelBoxes } from './chart-axes.js';
import { leadingGap, nextStop, shifted, stopsOf, withLeadingGap } from './chart-line.js';
import { MARK_PX, paintGapNames, paintGaps, paintMarks, placeMarks } from './chart-notes.js';
import { isFromZero, plotData, plotOptions } from './chart-plot.js';
import { gapName, readingAt, summary } from './chart-words.js';
import { make, setText } from './dom.js';
import uPlot from './uplot.js';
import { t } from './words.js';

/** @typedef {import('./chart-frame.js').Definition} Definition */
/** @typedef {import('./chart-times.js').Span} Span */
/** @typedef {import('./chart-words.js').Lines} Lines */
/** @typedef {import('./chart-words.js').Mark} Mark */
/** What all charts of a frame show. @typedef {{ span: Span, marks: readonly Mark[], isUpToNow: boolean }} Shown */
/** @typedef {{ select: (span: Span) => void, reset: () => void, gapName: (span: string) => string, colours: () => import('./chart-colours.js').Colours, width: (place: HTMLElement) => number }} Owner */

/** A cursor that is moved by less than this stays at the time where a key put it. */
const SAME_PX = 1;

/**
 * What a chart shows of the rows of a span, and of those of the span before, if it compares them.
 * @param {Definition} definition
 * @param {any} rows
 * @param {any} rowsBefore null if they are not known
 * @param {Span} span
 * @param {readonly Mark[]} marks
 * @returns {Lines}
 */
export function linesOf({ line, parts, hasBefore }, rows, rowsBefore, { fromMs, toMs }, marks) {
  const own = line(rows);
  const before = hasBefore && rowsBefore !== null ? shifted(line(rowsBefore), (toMs - fromMs) / 1000) : null;
  const from = fromMs / 1000;
  const gap = leadingGap(own, from, marks);
  return {
    line: withLeadingGap(own, gap, from),
    parts: parts?.(rows)?.map((part) => ({ ...part, line: withLeadingGap(part.line, gap, from) })) ?? null,
    before: before?.values.some((value) => value !== null) ? before : null,
  };
}

export class ChartFigure {
  /** @readonly @type {Definition} */ definition;
  /** @readonly @type {HTMLElement} */ element;
  /** @readonly @type {HTMLElement} */ place;
  /** @readonly @type {Owner} */ #owner;
  /** @type {uPlot | null} */ #plot = null;
  /** The plot has series for these. */ #kind = '';
  /** @type {Lines | null} */ #lines = null;
  /** @type {Shown | null} */ #shown = null;
  /** Where a key put the cursor. @type {{ left: number, at: number } | null} */ #held = null;

  /** @param {Definition} definition @param {HTMLElement} element @param {Owner} owner */
  constructor(definition, element, owner) {
    this.definition = definition;
    this.element = element;
    this.#owner = owner;
    this.place = element.querySelector('.plot') ?? element;
  }

  /** The plot; null while there is nothing to draw. */
  get plot() {
    return this.#plot;
  }

  get lines() {
    return this.#lines;
  }

  /** The time, in seconds, that is read; null if none is. */
  get cursorAt() {
    const left = this.#plot?.cursor.left ?? -1;
    if (this.#plot === null || left < 0) return null;
    if (this.#held !== null && Math.abs(this.#held.left - left) < SAME_PX) return this.#held.at;
    return this.#plot.posToVal(left, 'x');
  }

  get reading() {
    return this.element.querySelector('.reading')?.textContent ?? '';
  }

  /** Draws the lines, or says that there are none. @param {Lines} lines @param {Shown} shown */
  show(lines, shown) {
    this.#lines = lines;
    this.#shown = shown;
    const { fromMs, toMs } = shown.span;
    const known = lines.line.values.filter((value) => value !== null).length;
    this.element.dataset.points = String(known);
    this.element.dataset.span = [fromMs, toMs].map((ms) => new Date(ms).toISOString()).join('/');
    this.#describe();
    this.#showParts();
    this.#draw();
  }

  /** Draws what is known again, with another width; with other colours if `isAnew`. @param {boolean} isAnew */
  redraw(isAnew) {
    if (isAnew) this.#clear();
    this.#draw();
  }

  /** Puts the cursor at a time, in seconds; null removes it. @param {number | null} at */
  pointAt(at) {
    const plot = this.#plot;
    if (plot === null) return;
    const left = at === null ? -10 : plot.valToPos(at, 'x');
    this.#held = at === null ? null : { left, at };
    plot.setCursor({ left, top: at === null ? -10 : 10 }, true);
    this.#read();
  }

  /** The time, in seconds, that a number of steps leads to. @param {number} steps @param {number | null} now */
  stopAfter(steps, now) {
    if (this.#lines === null || this.#shown === null) return null;
    const { fromMs, toMs } = this.#shown.span;
    const marks = this.#shown.marks.map(({ atMs }) => atMs).filter((atMs) => atMs >= fromMs && atMs < toMs);
    const stops = stopsOf(
      this.#lines.line,
      marks.map((atMs) => atMs / 1000),
    );
    const each = Number.isInteger(steps)
      ? steps
      : Math.sign(steps) * Math.max(1, Math.round(stops.length / 10));
    return nextStop(stops, now, each) ?? null;
  }

  #clear() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #draw() {
    const [lines, shown] = [this.#lines, this.#shown];
    // A view that is hidden has no width; it is drawn when it is shown.
    if (lines === null || shown === null || this.place.clientWidth === 0) return;
    if (this.element.dataset.points === '0') {
      this.#clear();
      this.place.replaceChildren(make('p', { class: 'empty' }, noneText(shown)));
      return;
    }
    const size = { width: this.#owner.width(this.place), height: this.place.clientHeight };
    const kind = `${(lines.parts ?? []).map(({ name }) => name).join()} ${lines.before === null}`;
    if (kind !== this.#kind) this.#clear();
    this.#kind = kind;
    if (this.#plot === null) {
      this.place.replaceChildren();
      this.#plot = new uPlot(this.#options(lines, size), plotData(lines), this.place);
    } else {
      if (this.#plot.width !== size.width) this.#plot.setSize(size);
      this.#plot.setData(plotData(lines), false);
    }
    this.#plot.setScale('x', { min: shown.span.fromMs / 1000, max: shown.span.toMs / 1000 });
  }

  /** @param {Lines} lines @param {{ width: number, height: number }} size */
  #options(lines, size) {
    const colours = this.#owner.colours();
    return plotOptions(this.definition, lines, size, colours, {
      read: () => this.#read(),
      select: (fromMs, toMs) => this.#owner.select({ fromMs, toMs }),
      reset: () => this.#owner.reset(),
      under: (plot) => paintGaps(plot, this.#gaps(), colours),
      over: (plot) => {
        const gaps = this.#gaps();
        this.element.dataset.gaps = JSON.stringify(gaps.map(({ name }) => name));
        paintGapNames(plot, gaps, colours);
        const marks = this.#shown?.marks ?? [];
        paintMarks(plot, marks, colours);
        placeMarks(plot, marks);
        this.element.dataset.labels = JSON.stringify(labelBoxes(plot));
        this.element.dataset.area = String(isFromZero(plot));
      },
    });
  }

  #gaps() {
    const gaps = this.#lines?.line.gaps ?? [];
    return gaps.map((gap) => ({ ...gap, name: gapName(this.#owner.gapName, gap) }));
  }

  /** Shows the value under the cursor, or the summary. */
  #read() {
    const reading = this.element.querySelector('.reading');
    const [plot, lines, shown, at] = [this.#plot, this.#lines, this.#shown, this.cursorAt];
    if (reading === null || lines === null || shown === null) return;
    if (plot === null || at === null) {
      setText(reading, summary(this.definition, lines, shown.isUpToNow));
      return;
    }
    const near = plot.posToVal(MARK_PX, 'x') - plot.posToVal(0, 'x');
    setText(reading, readingAt(this.definition, lines, shown.marks, this.#owner.gapName, at, near));
  }

  /** The key of the stack, while there is one. */
  #showParts() {
    const parts = this.#lines?.parts ?? null;
    this.element.querySelector('.parts')?.remove();
    if (parts === null) return;
    const items = parts.map(({ name, label }) =>
      make('span', {}, make('i', { class: `mark ${name}`, 'aria-hidden': 'true' }), label),
    );
    this.element.querySelector('.reading')?.before(make('span', { class: 'parts' }, ...items));
  }

  #describe() {
    const [lines, shown] = [this.#lines, this.#shown];
    if (lines === null || shown === null) return;
    const text = summary(this.definition, lines, shown.isUpToNow);
    if (this.cursorAt === null) setText(this.element.querySelector('.reading') ?? make('span'), text);
    const { title } = this.definition;
    this.place.setAttribute('aria-label', `${title}: ${text === '' ? noneText(shown) : text}`);
  }
}

/** @param {Shown} shown */
function noneText({ isUpToNow }) {
  return isUpToNow ? t('chart.none') : t('chart.none-then');
}
