// The history charts: nodes, tasks, invoices, success rate. Rows come down-sampled; where rows are missing the line is
// broken. A zoom asks again, so that detail appears.

import { getJson, serverNowMs } from './api.js';
import { all, byId, make, onChoice, setText } from './dom.js';
import { axisNumber, count, rate, tenths, timeLabels } from './format.js';
import uPlot from './uplot.js';

const MINUTE_MS = 60_000;
const SPANS_MS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 };
const POINTS = 400;
/** Pages of many people must not all ask in the same moment. */
const SPREAD_MS = 3000;
/** 1, 2, 5, 10, 20, 50 … */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();
const LEAST_SPAN_MS = 2 * MINUTE_MS;
const VISIBLE_LINE_PX = 4;

/** @typedef {{ at: number[], values: (number | null)[] }} Line */
/** @typedef {{ name: string, title: string, format: (value: number) => string, range?: (least: number, most: number) => [number, number], line: (history: any) => Line }} Definition */

/** @type {Definition[]} */
const DEFINITIONS = [
  {
    name: 'nodes',
    title: 'Active nodes',
    format: count,
    line: (histories) => levels(histories.all, 'activeNodes'),
  },
  {
    name: 'tasks',
    title: 'New tasks a minute',
    format: rate,
    line: (histories) => paces(histories.all, 'totalTasks'),
  },
  {
    name: 'invoices',
    title: 'New invoices a minute',
    format: rate,
    line: (histories) => paces(histories.all, 'totalInvoices'),
  },
  {
    name: 'success',
    title: 'Success rate of the hour before',
    format: (value) => `${tenths(value)} %`,
    range: (least) => [Math.max(0, Math.floor((least - 3) / 5) * 5), 100],
    line: (histories) => successes(histories.hour),
  },
];

/** @type {keyof typeof SPANS_MS} */
let range = '1h';
/** Chosen by zooming, in ms; null: the span up to now. @type {{ fromMs: number, toMs: number } | null} */
let zoom = null;
let shownFromMs = 0;
let shownToMs = 0;
let tick = '';
let asked = 0;
/** What was read when a key zoomed: it stays read. @type {{ name: string, at: number } | null} */
let held = null;
/** @type {Map<string, uPlot>} */
const plots = new Map();
/** @type {Map<string, Line>} */
const lines = new Map();

export function startCharts() {
  onChoice('range', (value) => {
    range = /** @type {keyof typeof SPANS_MS} */ (value);
    setZoom(null);
  });
  byId('zoom-out').addEventListener('click', () => setZoom(null));
  // A finger that drags scrolls the page.
  byId('zoom-wider').addEventListener('click', zoomOut);
  byId('zoom-newest').addEventListener('click', () => zoomIn(shownToMs));
  for (const place of all('.plot')) place.addEventListener('keydown', (event) => steer(place, event));
  new ResizeObserver(() => draw()).observe(byId('range').closest('section') ?? document.body);
  // Colours of lines and grid are painted, not styled.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  document.addEventListener('themechange', redraw);
}

/** @param {any} document of the feed */
export function showCharts(document) {
  const at = document.lastTickAt ?? '';
  if (at === tick) return;
  const isFirst = tick === '';
  tick = at;
  if (zoom === null) setTimeout(() => void load(), isFirst ? 0 : Math.random() * SPREAD_MS);
}

/** @param {{ fromMs: number, toMs: number } | null} next */
function setZoom(next) {
  zoom = next;
  byId('zoom-out').hidden = next === null;
  /** @type {HTMLButtonElement} */ (byId('zoom-wider')).disabled = next === null;
  void load();
}

async function load() {
  const turn = ++asked;
  // Whole ticks, so that everybody who looks asks the same question.
  const nowMs = tick === '' ? Math.ceil(serverNowMs() / 10_000) * 10_000 : Date.parse(tick) + 1;
  const { fromMs, toMs } = zoom ?? { fromMs: nowMs - SPANS_MS[range], toMs: nowMs };
  const parameters = {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    points: POINTS,
  };
  try {
    const [whole, hour] = await Promise.all([
      getJson('api/federation/history', { period: 'all', ...parameters }),
      getJson('api/federation/history', { period: '1h', ...parameters }),
    ]);
    if (turn !== asked) return;
    shownFromMs = fromMs;
    shownToMs = toMs;
    for (const definition of DEFINITIONS) lines.set(definition.name, definition.line({ all: whole, hour }));
    draw();
  } catch {
    // Asked again at the next tick; what is shown stays.
  }
}

/** @param {any} history @param {string} name @returns {Line} */
function levels(history, name) {
  return withGaps(history, history.series[name]);
}

/** Differences of a total that only grows, a minute. @param {any} history @param {string} name @returns {Line} */
function paces(history, name) {
  /** @type {number[]} */
  const totals = history.series[name];
  /** @type {number[]} */
  const atMs = history.at.map((/** @type {string} */ at) => Date.parse(at));
  const values = totals.map((total, index) => {
    const before = totals[index - 1];
    const beforeMs = atMs[index - 1];
    if (before === undefined || beforeMs === undefined) return null;
    return Math.max(0, total - before) / (((atMs[index] ?? 0) - beforeMs) / MINUTE_MS);
  });
  const isAfterGap = new Set(history.gaps.map((/** @type {{ to: string }} */ gap) => gap.to));
  // Over a gap there is no pace to show.
  return withGaps(
    history,
    values.map((value, index) => (isAfterGap.has(history.at[index]) ? null : value)),
  );
}

/** Where nothing had ended, there is no rate. @param {any} history @returns {Line} */
function successes(history) {
  const { successRate, completedTasks, failedTasks } = history.series;
  return withGaps(
    history,
    successRate.map((/** @type {number} */ value, /** @type {number} */ index) =>
      completedTasks[index] + failedTasks[index] === 0 ? null : value,
    ),
  );
}

/** @param {any} history @param {(number | null)[]} values @returns {Line} */
function withGaps(history, values) {
  const breaks = new Map(
    history.gaps.map((/** @type {{ from: string, to: string }} */ gap) => [gap.from, gap.to]),
  );
  /** @type {Line} */
  const line = { at: [], values: [] };
  history.at.forEach((/** @type {string} */ at, /** @type {number} */ index) => {
    line.at.push(Date.parse(at) / 1000);
    line.values.push(values[index] ?? null);
    const until = breaks.get(at);
    if (until === undefined) return;
    line.at.push((Date.parse(at) + Date.parse(String(until))) / 2000);
    line.values.push(null);
  });
  return line;
}

function redraw() {
  for (const plot of plots.values()) plot.destroy();
  plots.clear();
  draw();
}

function draw() {
  for (const definition of DEFINITIONS) drawOne(definition);
  const plot = held === null ? undefined : plots.get(held.name);
  const at = held?.at ?? 0;
  held = null;
  // The new scale holds only after this turn.
  if (plot !== undefined) queueMicrotask(() => pointAt(plot, at));
}

/** @param {Definition} definition */
function drawOne(definition) {
  const figure = document.querySelector(`[data-chart="${definition.name}"]`);
  const place = figure?.querySelector('.plot');
  const line = lines.get(definition.name);
  if (!(place instanceof HTMLElement) || line === undefined) return;
  const known = line.values.filter((value) => value !== null);
  describe(definition, place, line);
  figure?.setAttribute('data-points', String(known.length));
  figure?.setAttribute(
    'data-span',
    `${new Date(shownFromMs).toISOString()}/${new Date(shownToMs).toISOString()}`,
  );
  if (known.length === 0) {
    plots.get(definition.name)?.destroy();
    plots.delete(definition.name);
    place.replaceChildren(make('p', { class: 'empty' }, 'No rows in this span yet.'));
    return;
  }
  const size = { width: Math.max(200, place.clientWidth), height: place.clientHeight };
  let plot = plots.get(definition.name);
  if (plot === undefined) {
    place.replaceChildren();
    plot = new uPlot(options(definition, size), [line.at, line.values], place);
    plots.set(definition.name, plot);
  } else {
    if (plot.width !== size.width) plot.setSize(size);
    plot.setData([line.at, line.values], false);
  }
  plot.setScale('x', { min: shownFromMs / 1000, max: shownToMs / 1000 });
}

/** @param {Definition} definition @param {{ width: number, height: number }} size @returns {uPlot.Options} */
function options(definition, size) {
  const style = getComputedStyle(document.body);
  const colour = (/** @type {string} */ name) => resolved(style.getPropertyValue(name));
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    ...size,
    legend: { show: false },
    // At the right the last time has its place.
    padding: [8, 22, 0, 0],
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: 'history' } },
    scales: {
      x: { time: true },
      y: { range: (_plot, least, most) => (definition.range ?? fromZero)(least, most) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: (_plot, texts) => (texts?.some((text) => text.includes('\n')) === true ? 40 : 26),
        space: 60,
        values: (_plot, splits, _axis, _space, step) => timeLabels(splits, step),
      },
      {
        ...axis,
        size: 48,
        space: 34,
        // There is no half node.
        ...(definition.format === count && { incrs: WHOLE_STEPS }),
        values: (_plot, splits) => splits.map((value) => axisNumber(value)),
      },
    ],
    series: [
      {},
      {
        stroke: colour('--accent'),
        fill: colour('--accent-soft'),
        width: 1.5,
        spanGaps: false,
        points: { show: false, filter: (plot, index) => lonely(plot, plot.data[index] ?? []) },
      },
    ],
    hooks: {
      setCursor: [(plot) => read(definition, plot)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          const fromMs = plot.posToVal(left, 'x') * 1000;
          const toMs = plot.posToVal(left + width, 'x') * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          if (toMs - fromMs >= LEAST_SPAN_MS) setZoom({ fromMs: Math.floor(fromMs), toMs: Math.ceil(toMs) });
        },
      ],
      ready: [(plot) => plot.over.addEventListener('dblclick', () => setZoom(null))],
    },
  };
}

/** @param {number} _least @param {number} most @returns {[number, number]} */
function fromZero(_least, most) {
  return [0, most > 0 ? most * 1.1 : 1];
}

/**
 * A line between two breaks that is too short to be seen is drawn as a point: these are their places.
 * @param {uPlot} plot @param {ArrayLike<number | null | undefined>} values @returns {number[] | null}
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

/** The canvas knows no light-dark(): ask the browser what it comes to. @param {string} colour */
function resolved(colour) {
  const probe = make('span');
  probe.style.color = colour;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** @param {Definition} definition @param {uPlot} plot */
function read(definition, plot) {
  const reading = document.querySelector(`[data-chart="${definition.name}"] .reading`);
  const index = plot.cursor.idx;
  const at = index == null ? undefined : plot.data[0][index];
  const value = index == null ? undefined : plot.data[1]?.[index];
  if (reading === null) return;
  if (at === undefined || value == null) {
    const line = lines.get(definition.name);
    if (line !== undefined) setText(reading, summary(definition, line));
    return;
  }
  const moment = new Date(at * 1000).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  setText(reading, `${definition.format(value)} at ${moment}`);
}

/** @param {Definition} definition @param {Line} line */
function summary(definition, line) {
  const known = line.values.filter((value) => value !== null);
  if (known.length === 0) return '';
  const text = (/** @type {number | undefined} */ value) => definition.format(value ?? 0);
  return `now ${text(known.at(-1))} · low ${text(Math.min(...known))} · high ${text(Math.max(...known))}`;
}

/** @param {Definition} definition @param {HTMLElement} place @param {Line} line */
function describe(definition, place, line) {
  const text = summary(definition, line);
  const reading = place.closest('figure')?.querySelector('.reading');
  if (reading != null && (plots.get(definition.name)?.cursor.idx ?? null) === null) setText(reading, text);
  place.setAttribute('aria-label', `${definition.title}: ${text === '' ? 'no rows yet' : text}`);
}

/** Arrow keys read values, + and − zoom, 0 shows the whole span. @param {HTMLElement} place @param {KeyboardEvent} event */
function steer(place, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const name = place.closest('figure')?.getAttribute('data-chart') ?? '';
  // Where a span holds no row there is no plot: the ways out of it must work all the same.
  const plot = plots.get(name);
  const index = plot?.cursor.idx ?? null;
  const readAt = index === null ? null : (plot?.data[0][index] ?? null);
  const turn = asked;
  if (event.key === '0') setZoom(null);
  else if (event.key === '-') zoomOut();
  else if (plot === undefined) return;
  else if (event.key === '+' || event.key === '=') zoomIn(readAt === null ? shownToMs : readAt * 1000);
  else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    const step = event.key === 'ArrowRight' ? 1 : -1;
    const last = plot.data[0].length - 1;
    const next = Math.min(last, Math.max(0, (index ?? (step > 0 ? -1 : last + 1)) + step));
    pointAt(plot, plot.data[0][next] ?? 0);
    // Said aloud because a key asked for it: what the tick changes is not.
    setText(byId('reading'), place.closest('figure')?.querySelector('.reading')?.textContent ?? '');
  } else return;
  if (asked !== turn && readAt !== null) held = { name, at: readAt };
  event.preventDefault();
}

/** @param {uPlot} plot @param {number} at in seconds */
function pointAt(plot, at) {
  plot.setCursor({ left: plot.valToPos(at, 'x'), top: 10 });
}

/** Half the span around a moment, and nothing that is not shown now. @param {number} aroundMs */
function zoomIn(aroundMs) {
  const spanMs = (shownToMs - shownFromMs) / 2;
  if (spanMs < LEAST_SPAN_MS) return;
  const fromMs = Math.max(shownFromMs, Math.min(shownToMs - spanMs, aroundMs - spanMs / 2));
  setZoom({ fromMs: Math.floor(fromMs), toMs: Math.ceil(fromMs + spanMs) });
}

/** Twice the span, but not beyond now. */
function zoomOut() {
  if (zoom === null) return;
  const spanMs = shownToMs - shownFromMs;
  const toMs = Math.min(shownToMs + spanMs / 2, Math.max(shownToMs, serverNowMs()));
  setZoom({ fromMs: Math.floor(toMs - 2 * spanMs), toMs: Math.ceil(toMs) });
}
