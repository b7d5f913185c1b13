// The table of one client's periods, the latest received first, a page at a time.

import { getJson } from './api.js';
import { byId, make, setText } from './dom.js';
import { count, dateTime } from './format.js';

const STATES = { counts: 'Counts', replaced: 'Replaced', unused: 'Not used' };

/** @type {number | null} */
let shown = null;
let page = 1;
let turn = 0;

export function startSummaries() {
  byId('summaries-previous').addEventListener('click', () => void load(page - 1));
  byId('summaries-next').addEventListener('click', () => void load(page + 1));
}

/** @param {number} client @param {boolean} isFirst true if the first page is wanted */
export function showSummaries(client, isFirst) {
  const next = isFirst || client !== shown ? 1 : page;
  shown = client;
  return load(next);
}

/** @param {number} wanted */
async function load(wanted) {
  const mine = ++turn;
  const answer = await getJson('api/ingest/summaries', { client: shown ?? 0, page: Math.max(1, wanted) });
  if (mine !== turn) return;
  page = answer.page;
  const body = document.querySelector('#summaries tbody');
  body?.replaceChildren(...answer.rows.map(rowOf));
  const pages = Math.max(1, answer.pages);
  setText(byId('summaries-page'), `Page ${count(page)} of ${count(pages)}`);
  setText(byId('summaries-count'), `${count(answer.total)} ${answer.total === 1 ? 'summary' : 'summaries'}`);
  /** @type {HTMLButtonElement} */ (byId('summaries-previous')).disabled = page <= 1;
  /** @type {HTMLButtonElement} */ (byId('summaries-next')).disabled = page >= pages;
}

/** @param {any} row */
function rowOf(row) {
  const state = STATES[/** @type {keyof typeof STATES} */ (row.state)];
  const kind = row.revises === null ? state : `${state}, correction`;
  return make(
    'tr',
    { 'data-digest': row.digest, title: `Received ${dateTime(row.receivedAt)}, key ${row.keyId}` },
    make('th', { scope: 'row' }, `${dateTime(row.periodStart)} to ${dateTime(row.periodEnd)}`),
    make('td', { class: 'right' }, row.seq === null ? 'Job' : count(row.seq)),
    make('td', { class: row.state === 'unused' ? 'bad' : '' }, kind),
    make('td', { class: 'right spare' }, count(row.trades)),
    make('td', { class: 'spare' }, make('bdi', {}, row.exchange)),
    make('td', { class: 'spare notes' }, row.notes.map(noteWords).join(', ')),
    make('td', { class: 'spare digest', title: row.digest }, `${row.digest.slice(0, 12)}…`),
  );
}

/** @param {string} note */
function noteWords(note) {
  return note.replaceAll('_', ' ');
}
