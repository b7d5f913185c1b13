// The menu of a chart: a picture of it as PNG, and its rows as CSV where the program has a route for them. A picture has
// the title, the span with its zone, and the axes, in the colours of the page.

import { keyOfTab, open } from './api.js';
import { chartFont } from './chart-axes.js';
import { make } from './dom.js';
import { t } from './words.js';

/** @typedef {import('./chart-times.js').Span} Span */
/** A route of rows as CSV: `from` and `to` are added. @typedef {{ path: string, parameters?: Readonly<Record<string, string>> }} Csv */

const PATIENCE_MS = 60_000;
const PADDING_PX = 12;
const LINE_PX = 20;

/**
 * Adds the menu to the caption of a chart. The function that it returns puts the span that is shown into the link of the
 * rows.
 * @param {import('./chart-figure.js').ChartFigure} figure
 * @param {{ span: () => Span, words: () => string, colours: () => import('./chart-colours.js').Colours }} owner
 * @returns {() => void}
 */
export function addMenu(figure, { span, words, colours }) {
  const { title, csv, name } = figure.definition;
  const fileName = () => {
    const { fromMs, toMs } = span();
    return [
      name,
      ...[fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 19).replaceAll(':', '-')),
    ].join('_');
  };
  const picture = make('button', { type: 'button', class: 'ghost', 'data-part': 'png' }, t('chart.png'));
  picture.addEventListener('click', () => {
    const canvas = pictureOf(figure, [title, words()], colours());
    canvas?.toBlob((blob) => blob !== null && save(URL.createObjectURL(blob), `${fileName()}.png`));
  });
  const rows = csv === undefined ? null : csvLink(csv, span, fileName);
  const summary = make(
    'summary',
    { 'aria-label': t('chart.menu', { title }), title: t('chart.menu', { title }) },
    '⋯',
  );
  const menu = make(
    'details',
    { class: 'menu' },
    summary,
    make('div', {}, picture, ...(rows === null ? [] : [rows.link])),
  );
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.removeAttribute('open');
    summary.focus();
  });
  menu.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) menu.removeAttribute('open');
  });
  figure.element.querySelector('figcaption')?.append(menu);
  return () => rows?.note();
}

/** @param {Csv} csv @param {() => Span} span @param {() => string} fileName */
function csvLink({ path, parameters = {} }, span, fileName) {
  const link = /** @type {HTMLAnchorElement} */ (
    make('a', { class: 'ghost', 'data-part': 'csv', download: '' }, t('chart.csv'))
  );
  const address = () => {
    const { fromMs, toMs } = span();
    const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    return `${path}?${new URLSearchParams({ ...parameters, from: from ?? '', to: to ?? '' })}`;
  };
  const note = () => link.setAttribute('href', address());
  link.addEventListener('click', (event) => {
    const key = keyOfTab();
    // Without a key the browser follows the link.
    if (key === null) return;
    event.preventDefault();
    void download(address(), key, `${fileName()}.csv`);
  });
  return { link, note };
}

/** A link has no key, so the page asks itself. @param {string} path @param {string} key @param {string} name */
async function download(path, key, name) {
  try {
    const answer = await open(path, AbortSignal.timeout(PATIENCE_MS), key);
    save(URL.createObjectURL(await answer.blob()), name);
  } catch {
    // A refused key is told by the page itself.
  }
}

/**
 * The chart with the lines of text above it; null if there is nothing to draw.
 * @param {import('./chart-figure.js').ChartFigure} figure
 * @param {readonly string[]} texts
 * @param {import('./chart-colours.js').Colours} colours
 */
function pictureOf(figure, texts, colours) {
  if (figure.plot === null) return null;
  const chart = figure.plot.ctx.canvas;
  const ratio = devicePixelRatio;
  const labels = (figure.lines?.parts ?? []).map(({ name, label }) => ({ name, label }));
  const head = (texts.length + (labels.length > 0 ? 1 : 0)) * LINE_PX + PADDING_PX;
  const canvas = document.createElement('canvas');
  canvas.width = chart.width + 2 * PADDING_PX * ratio;
  canvas.height = chart.height + (head + PADDING_PX) * ratio;
  const brush = canvas.getContext('2d');
  if (brush === null) return null;
  brush.fillStyle = colours.card;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.textBaseline = 'middle';
  const room = canvas.width - 2 * PADDING_PX * ratio;
  const lineY = (/** @type {number} */ index) => (PADDING_PX / 2 + (index + 0.5) * LINE_PX) * ratio;
  texts.forEach((text, index) => {
    brush.font = index === 0 ? `600 ${chartFont(ratio * 1.2)}` : chartFont(ratio);
    brush.fillStyle = index === 0 ? colours.text : colours.quiet;
    brush.fillText(text, PADDING_PX * ratio, lineY(index), room);
  });
  let left = PADDING_PX * ratio;
  for (const { name, label } of labels) {
    brush.fillStyle = colours[name];
    brush.fillRect(left, lineY(texts.length) - 4 * ratio, 8 * ratio, 8 * ratio);
    brush.fillStyle = colours.text;
    brush.fillText(label, left + 12 * ratio, lineY(texts.length));
    left += brush.measureText(label).width + 28 * ratio;
  }
  brush.drawImage(chart, PADDING_PX * ratio, head * ratio);
  return canvas;
}

/** @param {string} url @param {string} name */
function save(url, name) {
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), PATIENCE_MS);
}
