// The list of events: filtered, paged, in groups of days, with its feed in RSS. All of it stands in the address.

import { getJson } from './api.js';
import { inputTime, localTime, timeOf } from './chart-times.js';
import { all, byId, make, setText } from './dom.js';
import { day, timeOfDay } from './format.js';
import { eventParts, KINDS } from './event-words.js';
import { NODE_ID } from './node-parts.js';
import { PagedTable } from './paged-table.js';
import { t } from './words.js';

/** A time in UTC, to the minute. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/;

const table = new PagedTable({
  id: 'events',
  path: 'events',
  prefix: '',
  texts: {
    count: (n) => t('events.count', { n }),
    found: (n) => t('events.found', { n }),
    none: () => t('events.none'),
    noMatch: () => t('events.no-match'),
  },
  sort: '',
  descendingFirst: [],
  filters: {
    kind: (value) => value.split(',').every((kind) => KINDS.includes(kind)),
    node: (value) => NODE_ID.test(value),
    from: isTime,
    to: isTime,
  },
  problem: (_q, { from, to }) => (from !== '' && to !== '' && from >= to ? t('events.bad-span') : ''),
  key: ({ id }) => String(id),
  row: eventRow,
  async load(asked) {
    const { events, ...rest } = await getJson('api/federation/events-log', {
      ...filtersOf(asked),
      page: asked.page,
    });
    return { ...rest, rows: events };
  },
  asked: showAsked,
});

/** @type {import('./views.js').View} */
export const eventsView = { show: () => t('events.title') };

export function startEventsView() {
  byId('event-kinds').append(...KINDS.map(kindChoice));
  byId('event-kinds').addEventListener('change', () => table.ask({ kind: chosenKinds().join(','), page: 1 }));
  const node = input('event-node');
  node.addEventListener('change', () => {
    const id = node.value.trim();
    const isId = id === '' || NODE_ID.test(id);
    sayOf(node, isId ? '' : t('events.bad-node'));
    if (isId) table.ask({ node: id, page: 1 });
  });
  for (const name of ['from', 'to']) {
    const time = input(`event-${name}`);
    time.addEventListener('change', () => {
      const utc = utcOf(time);
      const isTaken = time.value === '' || utc !== '';
      sayOf(time, isTaken ? '' : t('chart.picker.years'));
      if (isTaken) table.ask({ [name]: utc, page: 1 });
    });
  }
  byId('event-filters').addEventListener('submit', (event) => event.preventDefault());
  byId('event-clear').addEventListener('click', () =>
    table.ask({ kind: '', node: '', from: '', to: '', page: 1 }),
  );
  table.start();
}

/** @param {any} document of the feed */
export function noteEvents({ nodes, status, brokerConnected, missing, drift }) {
  table.note([nodes, status, brokerConnected, missing, drift]);
}

/** @param {string} value of the address */
function isTime(value) {
  return TIME.test(value) && timeOf(value) !== null;
}

/** The filters as the API and the feed take them. @param {import('./paged-table.js').Asked} asked @returns {Record<string, string>} */
function filtersOf({ kind, node, from, to }) {
  return {
    ...(kind !== '' && { kind }),
    ...(node !== '' && { node }),
    ...(from !== '' && { from }),
    ...(to !== '' && { to }),
  };
}

/** @param {import('./paged-table.js').Asked} asked */
function showAsked(asked) {
  const kinds = asked['kind'] === '' ? [] : String(asked['kind']).split(',');
  for (const box of all('#event-kinds input'))
    if (box instanceof HTMLInputElement) box.checked = kinds.includes(box.value);
  setText(
    byId('event-kinds-chosen'),
    kinds.length === 0 ? t('events.kinds.all') : t('events.kinds.chosen', { n: kinds.length }),
  );
  input('event-node').value = asked['node'];
  for (const name of ['node', 'from', 'to']) input(`event-${name}`).removeAttribute('aria-invalid');
  for (const name of ['from', 'to']) input(`event-${name}`).value = inputTime(timeOf(asked[name]));
  const query = new URLSearchParams(filtersOf(asked)).toString();
  const feed = 'api/federation/events-log.rss';
  for (const link of all('#event-feed')) link.setAttribute('href', query === '' ? feed : `${feed}?${query}`);
}

/** Says what is wrong with an input; empty if nothing is. @param {HTMLInputElement} wrong @param {string} problem */
function sayOf(wrong, problem) {
  wrong.setAttribute('aria-invalid', String(problem !== ''));
  setText(byId('events-problem'), problem);
}

/** A time that the user entered in the zone of the browser; empty if it is none that the API takes. @param {HTMLInputElement} local */
function utcOf(local) {
  const ms = timeOf(String(localTime(local)));
  return ms === null ? '' : `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/** @param {string} kind */
function kindChoice(kind) {
  const box = make('input', { type: 'checkbox', value: kind });
  return make('label', {}, box, ' ', t(`events.kind.${kind}`));
}

function chosenKinds() {
  return all('#event-kinds input')
    .filter((box) => box instanceof HTMLInputElement && box.checked)
    .map((box) => /** @type {HTMLInputElement} */ (box).value);
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/** The first event of a day has the day above it. @param {any} event @param {number} index @param {readonly any[]} events */
function eventRow(event, index, events) {
  const row = make(
    'tr',
    { 'data-event': String(event.id), 'data-kind': event.kind },
    make('th', { scope: 'row', class: 'time' }, timeOfDay(event.at)),
    make('td', { class: 'event' }, ...eventParts(event)),
  );
  const before = events[index - 1];
  if (before !== undefined && day(before.at) === day(event.at)) return row;
  return [make('tr', { class: 'day' }, make('th', { scope: 'rowgroup', colspan: '2' }, day(event.at))), row];
}
