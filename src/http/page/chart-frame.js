// The frame of a page's charts: one time span for all of them. The user chooses it, sets it from one time to another, and
// zooms by pointer, buttons and keys; pointer and keys also read values, of all charts at once. After each change the
// frame loads the rows again, so that detail appears. The caller hands in the charts' definitions and their source. The
// page has a `figure` with `data-chart` for each chart, and the elements `range`, `zoom-out`, `zoom-wider`,
// `zoom-newest`, `reading`; the frame adds the words of the span, the form and the menus.

import { isDashboard, listen } from './address.js';
import { serverNowMs } from './api.js';
import { chartColours } from './chart-colours.js';
import { addMenu } from './chart-export.js';
import { ChartFigure, linesOf } from './chart-figure.js';
import { keyAction } from './chart-keys.js';
import { chartPicker } from './chart-picker.js';
import { ChartSpan } from './chart-span.js';
import { spanWords } from './chart-words.js';
import { all, byId, make, setText } from './dom.js';
import { t } from './words.js';

/** @typedef {import('./chart-line.js').Line} Line */
/** @typedef {import('./chart-times.js').Span} Span */
/** @typedef {import('./chart-words.js').Mark} Mark */
/** @typedef {import('./chart-words.js').Part} Part */
/**
 * `line` is the line of the chart. `parts` are lines at the same times whose sum is drawn as a stack; null where the rows
 * do not have them. With `hasBefore` the line of the span before is drawn too. `csv` is the route of the rows.
 * @typedef {import('./chart-plot.js').Look & {
 *   name: string,
 *   title: string,
 *   line: (rows: any) => Line,
 *   parts?: (rows: any) => readonly Part[] | null,
 *   hasBefore?: boolean,
 *   csv?: import('./chart-export.js').Csv,
 * }} Definition
 */
/**
 * `rows` returns the rows of a time span, `marks` what happened in it. A span that is not zoomed ends at `nowMs()`; no
 * zoom is below `leastSpanMs`. `gapName` names a gap of a length.
 * @typedef {{
 *   nowMs: () => number,
 *   rows: (from: string, to: string) => Promise<any>,
 *   marks?: (from: string, to: string) => Promise<readonly Mark[]>,
 *   gapName?: (span: string) => string,
 *   leastSpanMs?: number,
 * }} Source
 */

const LEAST_SPAN_MS = 120_000;
/** The width of a chart on paper, in pixels of the page. */
const PAPER_PX = 640;

export class ChartFrame {
  /** @readonly @type {readonly Definition[]} */ #definitions;
  /** @readonly @type {Source} */ #source;
  /** @readonly @type {ChartSpan} */ #span;
  /** @type {readonly ChartFigure[]} */ #figures = [];
  /** Each puts the span into the link of a chart's rows. @type {(() => void)[]} */ #linkRows = [];
  /** @type {Span} */ #shown = { fromMs: 0, toMs: 0 };
  #asked = 0;
  #isPaper = false;
  /** The time, in seconds, at which a key put the cursor. @type {number | null} */ #keyAt = null;
  /** True if a key or a button asked for the span that is being loaded. */ #isTold = false;
  /** True if there are rows that the charts do not show. */ #isBehind = false;

  /** @param {readonly Definition[]} definitions @param {Source} source */
  constructor(definitions, source) {
    this.#definitions = definitions;
    this.#source = source;
    this.#span = new ChartSpan(source.leastSpanMs ?? LEAST_SPAN_MS, () => this.#changed());
  }

  start() {
    const owner = {
      select: (/** @type {Span} */ span) => {
        if (span.toMs - span.fromMs >= this.#leastSpanMs) this.#span.set(span);
      },
      reset: () => this.#span.set(null),
      gapName: this.#source.gapName ?? ((/** @type {string} */ span) => t('chart.gap', { span })),
      colours: () => chartColours(this.#isPaper),
      width: (/** @type {HTMLElement} */ place) =>
        this.#isPaper ? PAPER_PX : Math.max(200, place.clientWidth),
    };
    this.#figures = this.#definitions.flatMap((definition) => {
      const element = document.querySelector(`[data-chart="${definition.name}"]`);
      return element instanceof HTMLElement ? [new ChartFigure(definition, element, owner)] : [];
    });
    for (const figure of this.#figures) {
      const menu = { span: () => this.#shown, words: () => spanWords(this.#shown), colours: owner.colours };
      this.#linkRows.push(addMenu(figure, menu));
      figure.place.addEventListener('keydown', (event) => this.#steer(figure, event));
      figure.place.addEventListener('pointermove', () => (this.#keyAt = null));
    }
    this.#addBar();
    byId('zoom-out').addEventListener('click', () => this.#tell(() => this.#span.set(null)));
    // On a touch screen a drag scrolls the page, so zooming needs buttons.
    byId('zoom-wider').addEventListener('click', () => this.#tell(() => this.#zoomOut()));
    byId('zoom-newest').addEventListener('click', () => this.#tell(() => this.#zoomIn(this.#shown.toMs)));
    this.#watchLook();
    this.#span.start();
    document.addEventListener('visibilitychange', () => this.#catchUp());
    listen(() => this.#catchUp());
  }

  /** Loads new rows, after up to `spreadMs` at random. A span that does not end now has none. */
  renew(spreadMs = 0) {
    this.#isBehind = true;
    setTimeout(() => this.#catchUp(), Math.random() * spreadMs);
  }

  /** Nothing is loaded while the charts cannot be seen. */
  #catchUp() {
    if (this.#isBehind && this.#isUpToNow && !document.hidden && isDashboard()) void this.load();
  }

  /** True if the span ends now, so that new rows belong to it. */
  get #isUpToNow() {
    return this.#span.zoom === null;
  }

  /** Chooses a range for other rows than before. @param {string} range */
  choose(range) {
    this.#span.choose(range);
  }

  /** Chooses a range for a first look, unless the address names a span. @param {string} range */
  suggest(range) {
    this.#span.suggest(range);
  }

  get #leastSpanMs() {
    return this.#source.leastSpanMs ?? LEAST_SPAN_MS;
  }

  /** Loads the rows of the span and then shows them; until then the charts show the former rows. */
  async load() {
    const turn = ++this.#asked;
    this.#isBehind = false;
    const span = this.#span.at(this.#source.nowMs());
    const lengthMs = span.toMs - span.fromMs;
    const [from, to] = [isoTime(span.fromMs), isoTime(span.toMs)];
    const hasBefore = this.#definitions.some((definition) => definition.hasBefore);
    try {
      const [rows, before, marks] = await Promise.all([
        this.#source.rows(from, to),
        hasBefore ? this.#source.rows(isoTime(span.fromMs - lengthMs), from).catch(() => null) : null,
        this.#source.marks?.(from, to).catch(() => []) ?? [],
      ]);
      if (turn !== this.#asked) return;
      this.#shown = span;
      for (const figure of this.#figures) {
        const lines = linesOf(figure.definition, rows, before, span, marks);
        figure.show(lines, { span, marks, isUpToNow: this.#isUpToNow });
      }
      this.#showWords();
      for (const link of this.#linkRows) link();
      for (const key of all('#before-key'))
        key.hidden = this.#figures.every(({ lines }) => lines === null || lines.before === null);
      this.#pointAgain();
    } catch {
      // The next tick loads again.
    }
  }

  /** The words of the span, and the form that sets it. */
  #addBar() {
    const picker = chartPicker({
      shown: () => this.#shown,
      leastSpanMs: this.#leastSpanMs,
      chosen: (span) => this.#tell(() => this.#span.set(span)),
    });
    const before = this.#definitions.some(({ hasBefore }) => hasBefore)
      ? [make('p', { id: 'before-key', class: 'quiet small', hidden: '' }, t('chart.before-key'))]
      : [];
    const words = make('p', { id: 'span-words', class: 'quiet' });
    byId('range')
      .closest('.heading')
      ?.after(make('div', { class: 'span-bar' }, words, ...before, picker));
  }

  #watchLook() {
    new ResizeObserver(() => this.#redraw(false)).observe(byId('range').closest('section') ?? document.body);
    // Lines and grid are painted on a canvas, so CSS does not change their colours.
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
      matchMedia(query).addEventListener('change', () => this.#redraw(true));
    document.addEventListener('themechange', () => this.#redraw(true));
    const print = (/** @type {boolean} */ isPaper) => {
      this.#isPaper = isPaper;
      this.#redraw(true);
    };
    matchMedia('print').addEventListener('change', ({ matches }) => print(matches));
    addEventListener('beforeprint', () => print(true));
    addEventListener('afterprint', () => print(false));
  }

  #changed() {
    const { zoom } = this.#span;
    byId('zoom-out').hidden = zoom === null;
    /** @type {HTMLButtonElement} */ (byId('zoom-wider')).disabled = zoom === null;
    void this.load();
  }

  /** Changes the span, and has the new one read aloud. @param {() => void} change */
  #tell(change) {
    const turn = this.#asked;
    this.#isTold = true;
    change();
    // Without a change nothing is loaded.
    if (turn === this.#asked) this.#isTold = false;
  }

  #showWords() {
    const words = spanWords(this.#shown);
    setText(byId('span-words'), words);
    if (this.#isTold) setText(byId('reading'), words);
    this.#isTold = false;
  }

  /** Zooms to half the span around a time, within the span that is shown. @param {number} aroundMs */
  #zoomIn(aroundMs) {
    const { fromMs, toMs } = this.#shown;
    const spanMs = (toMs - fromMs) / 2;
    if (spanMs < this.#leastSpanMs) return;
    const beginMs = Math.max(fromMs, Math.min(toMs - spanMs, aroundMs - spanMs / 2));
    this.#span.set({ fromMs: beginMs, toMs: beginMs + spanMs });
  }

  /** Zooms to twice the span, but not beyond now. */
  #zoomOut() {
    if (this.#isUpToNow) return;
    const { fromMs, toMs } = this.#shown;
    const spanMs = toMs - fromMs;
    const endMs = Math.min(toMs + spanMs / 2, Math.max(toMs, serverNowMs()));
    this.#span.set({ fromMs: endMs - 2 * spanMs, toMs: endMs });
  }

  /** @param {boolean} isAnew */
  #redraw(isAnew) {
    for (const figure of this.#figures) figure.redraw(isAnew);
    this.#pointAgain();
  }

  /** The cursor of the keyboard stays at its time. */
  #pointAgain() {
    const at = this.#keyAt;
    if (at === null) return;
    const { fromMs, toMs } = this.#shown;
    const isShown = at * 1000 >= fromMs && at * 1000 <= toMs;
    // The new scale takes effect only after the current task.
    queueMicrotask(() => this.#point(isShown ? at : null));
  }

  /** @param {number | null} at */
  #point(at) {
    this.#keyAt = at;
    for (const figure of this.#figures) figure.pointAt(at);
  }

  /** @param {ChartFigure} figure @param {KeyboardEvent} event */
  #steer(figure, event) {
    const action = keyAction(event);
    if (action === null) return;
    const at = this.#keyAt ?? figure.cursorAt;
    switch (action.type) {
      case 'move':
        this.#readAt(figure, figure.stopAfter(action.steps, at));
        break;
      case 'edge':
        this.#readAt(figure, figure.stopAfter(action.isLast ? -1 : 1, null));
        break;
      case 'leave':
        if (at === null) return;
        this.#point(null);
        break;
      case 'zoom':
        this.#keyAt = at;
        this.#tell(() => this.#zoomBy(action.to, at));
    }
    event.preventDefault();
  }

  /** @param {'in' | 'out' | 'whole'} to @param {number | null} at */
  #zoomBy(to, at) {
    if (to === 'whole') this.#span.set(null);
    else if (to === 'out') this.#zoomOut();
    else this.#zoomIn(at === null ? this.#shown.toMs : at * 1000);
  }

  /** @param {ChartFigure} figure @param {number | null} at */
  #readAt(figure, at) {
    if (at === null) return;
    this.#point(at);
    // A screen reader announces this value, because a key asked for it. It does not announce changes by a tick, nor the
    // values of the other charts.
    setText(byId('reading'), figure.reading);
  }
}

/** @param {number} ms */
function isoTime(ms) {
  return new Date(ms).toISOString();
}
