// The frame of a page's charts: one time span for all of them. The user chooses it and zooms by pointer, buttons and
// keys; pointer and keys also read values. After each zoom the frame loads the rows again, so that detail appears. The
// caller hands in the charts' definitions and their source. The page has a `figure` with `data-chart` for each chart,
// and the elements `range`, `zoom-out`, `zoom-wider`, `zoom-newest`, `reading`.

import { serverNowMs } from './api.js';
import { plotOptions } from './chart-plot.js';
import { all, byId, make, onChoice, setText } from './dom.js';
import { LOCALE } from './language.js';
import uPlot from './uplot.js';
import { t } from './words.js';

/** @typedef {import('./chart-line.js').Line} Line */
/** @typedef {import('./chart-plot.js').Look & { name: string, title: string, line: (rows: any) => Line }} Definition */
/** @typedef {{ fromMs: number, toMs: number }} Span */
/**
 * `rows` returns the rows of a time span. A span that is not zoomed ends at `nowMs()`; no zoom is below `leastSpanMs`.
 * @typedef {{
 *   nowMs: () => number,
 *   rows: (from: string, to: string) => Promise<any>,
 *   leastSpanMs?: number,
 * }} Source
 */

const DAY_MS = 86_400_000;
const SPANS_MS = {
  '1h': 3_600_000,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '1y': 365 * DAY_MS,
  '10y': 3_652 * DAY_MS,
};
const LEAST_SPAN_MS = 120_000;

export class ChartFrame {
  /** @readonly @type {readonly Definition[]} */ #definitions;
  /** @readonly @type {Source} */ #source;
  /** @type {keyof typeof SPANS_MS} */ #range = '1h';
  /** Null: the chosen range, which ends now. @type {Span | null} */ #zoom = null;
  /** @type {Span} */ #shown = { fromMs: 0, toMs: 0 };
  #asked = 0;
  /** The value being read when a key zoomed. @type {{ name: string, at: number } | null} */ #held = null;
  /** @type {Map<string, uPlot>} */ #plots = new Map();
  /** @type {Map<string, Line>} */ #lines = new Map();

  /** @param {readonly Definition[]} definitions @param {Source} source */
  constructor(definitions, source) {
    this.#definitions = definitions;
    this.#source = source;
  }

  start() {
    onChoice('range', (value) => {
      this.#range = /** @type {keyof typeof SPANS_MS} */ (value);
      this.#setZoom(null);
    });
    byId('zoom-out').addEventListener('click', () => this.#setZoom(null));
    // On a touch screen a drag scrolls the page, so zooming needs buttons.
    byId('zoom-wider').addEventListener('click', () => this.#zoomOut());
    byId('zoom-newest').addEventListener('click', () => this.#zoomIn(this.#shown.toMs));
    for (const place of all('.plot')) place.addEventListener('keydown', (event) => this.#steer(place, event));
    new ResizeObserver(() => this.#draw()).observe(byId('range').closest('section') ?? document.body);
    // Lines and grid are painted on a canvas, so CSS does not change their colours.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw());
    document.addEventListener('themechange', () => this.#redraw());
  }

  /** True if the span ends now, so that new rows belong to it. */
  get isUpToNow() {
    return this.#zoom === null;
  }

  get #leastSpanMs() {
    return this.#source.leastSpanMs ?? LEAST_SPAN_MS;
  }

  /** Loads the rows of the span and then shows them; until then the charts show the former rows. */
  async load() {
    const turn = ++this.#asked;
    const nowMs = this.#source.nowMs();
    const span = this.#zoom ?? { fromMs: nowMs - SPANS_MS[this.#range], toMs: nowMs };
    try {
      const rows = await this.#source.rows(isoTime(span.fromMs), isoTime(span.toMs));
      if (turn !== this.#asked) return;
      this.#shown = span;
      for (const { name, line } of this.#definitions) this.#lines.set(name, line(rows));
      this.#draw();
    } catch {
      // The next tick loads again.
    }
  }

  /** @param {Span | null} next */
  #setZoom(next) {
    this.#zoom = next && { fromMs: Math.floor(next.fromMs), toMs: Math.ceil(next.toMs) };
    byId('zoom-out').hidden = next === null;
    /** @type {HTMLButtonElement} */ (byId('zoom-wider')).disabled = next === null;
    void this.load();
  }

  /** Zooms to half the span around a time, within the span that is shown. @param {number} aroundMs */
  #zoomIn(aroundMs) {
    const { fromMs, toMs } = this.#shown;
    const spanMs = (toMs - fromMs) / 2;
    if (spanMs < this.#leastSpanMs) return;
    const beginMs = Math.max(fromMs, Math.min(toMs - spanMs, aroundMs - spanMs / 2));
    this.#setZoom({ fromMs: beginMs, toMs: beginMs + spanMs });
  }

  /** Zooms to twice the span, but not beyond now. */
  #zoomOut() {
    if (this.#zoom === null) return;
    const { fromMs, toMs } = this.#shown;
    const spanMs = toMs - fromMs;
    const endMs = Math.min(toMs + spanMs / 2, Math.max(toMs, serverNowMs()));
    this.#setZoom({ fromMs: endMs - 2 * spanMs, toMs: endMs });
  }

  #redraw() {
    for (const plot of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    this.#draw();
  }

  #draw() {
    for (const definition of this.#definitions) this.#drawOne(definition);
    const plot = this.#held === null ? undefined : this.#plots.get(this.#held.name);
    const at = this.#held?.at ?? 0;
    this.#held = null;
    // The new scale takes effect only after the current task.
    if (plot !== undefined) queueMicrotask(() => pointAt(plot, at));
  }

  /** @param {Definition} definition */
  #drawOne(definition) {
    const { name } = definition;
    const figure = document.querySelector(`[data-chart="${name}"]`);
    const place = figure?.querySelector('.plot');
    const line = this.#lines.get(name);
    if (!(place instanceof HTMLElement) || line === undefined) return;
    const { fromMs, toMs } = this.#shown;
    this.#describe(definition, place, line);
    const known = line.values.filter((value) => value !== null).length;
    figure?.setAttribute('data-points', String(known));
    figure?.setAttribute('data-span', `${isoTime(fromMs)}/${isoTime(toMs)}`);
    if (known === 0) {
      this.#plots.get(name)?.destroy();
      this.#plots.delete(name);
      place.replaceChildren(make('p', { class: 'empty' }, t('chart.none')));
      return;
    }
    const size = { width: Math.max(200, place.clientWidth), height: place.clientHeight };
    let plot = this.#plots.get(name);
    if (plot === undefined) {
      place.replaceChildren();
      plot = new uPlot(this.#options(definition, size), [line.at, line.values], place);
      this.#plots.set(name, plot);
    } else {
      if (plot.width !== size.width) plot.setSize(size);
      plot.setData([line.at, line.values], false);
    }
    plot.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
  }

  /** @param {Definition} definition @param {{ width: number, height: number }} size */
  #options(definition, size) {
    return plotOptions(definition, size, {
      read: (plot) => this.#read(definition, plot),
      select: (fromMs, toMs) => {
        if (toMs - fromMs >= this.#leastSpanMs) this.#setZoom({ fromMs, toMs });
      },
      reset: () => this.#setZoom(null),
    });
  }

  /** @param {Definition} definition @param {uPlot} plot */
  #read(definition, plot) {
    const reading = document.querySelector(`[data-chart="${definition.name}"] .reading`);
    const index = plot.cursor.idx;
    const at = index == null ? undefined : plot.data[0][index];
    const value = index == null ? undefined : plot.data[1]?.[index];
    if (reading === null) return;
    if (at === undefined || value == null) {
      const line = this.#lines.get(definition.name);
      if (line !== undefined) setText(reading, summary(definition, line));
      return;
    }
    setText(reading, `${definition.format(value)} at ${MOMENT.format(at * 1000)}`);
  }

  /** @param {Definition} definition @param {HTMLElement} place @param {Line} line */
  #describe(definition, place, line) {
    const text = summary(definition, line);
    const reading = place.closest('figure')?.querySelector('.reading');
    const isRead = (this.#plots.get(definition.name)?.cursor.idx ?? null) !== null;
    if (reading != null && !isRead) setText(reading, text);
    place.setAttribute('aria-label', `${definition.title}: ${text === '' ? 'no rows yet' : text}`);
  }

  /** Arrow keys read values, + and − zoom, 0 shows the whole span. @param {HTMLElement} place @param {KeyboardEvent} event */
  #steer(place, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = place.closest('figure')?.getAttribute('data-chart') ?? '';
    // Without rows in a span there is no plot; the keys that zoom out must work all the same.
    const plot = this.#plots.get(name);
    const index = plot?.cursor.idx ?? null;
    const readAt = index === null ? null : (plot?.data[0][index] ?? null);
    const turn = this.#asked;
    if (event.key === '0') this.#setZoom(null);
    else if (event.key === '-') this.#zoomOut();
    else if (plot === undefined) return;
    else if (event.key === '+' || event.key === '=')
      this.#zoomIn(readAt === null ? this.#shown.toMs : readAt * 1000);
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      readNext(place, plot, event.key === 'ArrowRight' ? 1 : -1);
    else return;
    if (this.#asked !== turn && readAt !== null) this.#held = { name, at: readAt };
    event.preventDefault();
  }
}

const MOMENT = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** @param {number} ms */
function isoTime(ms) {
  return new Date(ms).toISOString();
}

/**
 * The newest, lowest and highest value as text; empty if there is no value. @param {Definition} definition @param
 * {Line} line
 */
function summary({ format }, line) {
  const known = line.values.filter((value) => value !== null);
  if (known.length === 0) return '';
  return `now ${format(known.at(-1) ?? 0)} · low ${format(Math.min(...known))} · high ${format(Math.max(...known))}`;
}

/** Moves the cursor to the next value. @param {HTMLElement} place @param {uPlot} plot @param {1 | -1} step */
function readNext(place, plot, step) {
  const last = plot.data[0].length - 1;
  const next = Math.min(last, Math.max(0, (plot.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
  pointAt(plot, plot.data[0][next] ?? 0);
  // A screen reader announces this value, because a key asked for it. It does not announce changes by a tick.
  setText(byId('reading'), place.closest('figure')?.querySelector('.reading')?.textContent ?? '');
}

/** @param {uPlot} plot @param {number} at in seconds */
function pointAt(plot, at) {
  plot.setCursor({ left: plot.valToPos(at, 'x'), top: 10 });
}
