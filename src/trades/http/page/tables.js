// The tables: summaries with what became of them, the newest jobs, and the exchange accounts. A dead letter has its reason and the command that
// replays it. Names of clients are shown as text only.

import { getJson } from './api.js';
import { byId, make, onChoice, setText, showText } from './dom.js';
import { count, dateTime, span } from './format.js';
import { RowsTable } from './rows-table.js';
import { t } from './words.js';

const ROWS = 50;
let state = 'all';
/** Rows from this id on are left out; null for the newest. @type {number | null} */
let before = null;
/** Part of the document: before the first one the tables do not load. */
let replayCommand = '';

const outbox = new RowsTable({
  id: 'outbox',
  none: () => t(state === 'all' ? 'outbox.none' : 'outbox.none-here'),
  async load() {
    const { rows } = await getJson('api/trades/outbox', {
      state,
      limit: ROWS,
      ...(before !== null && { before }),
    });
    return rows;
  },
  row: summaryRow,
  shown(rows) {
    button('outbox-newest').disabled = before === null;
    button('outbox-older').disabled = rows.length < ROWS;
    button('outbox-older').dataset.before = String(rows.at(-1)?.id ?? '');
  },
});

const jobs = new RowsTable({
  id: 'jobs',
  none: () => t('jobs.none'),
  async load() {
    const { rows } = await getJson('api/trades/jobs', { limit: ROWS });
    return rows;
  },
  row: jobRow,
});

const accounts = new RowsTable({
  id: 'accounts',
  none: () => t('accounts.none'),
  async load() {
    const { rows } = await getJson('api/trades/accounts', { limit: ROWS });
    return rows;
  },
  row: accountRow,
});

export function startTables() {
  showText('jobsNote', t('jobs.note', { n: ROWS }));
  onChoice('outbox-state', (value) => {
    state = value;
    goTo(null);
  });
  byId('outbox-newest').addEventListener('click', () => goTo(null));
  byId('outbox-older').addEventListener('click', (event) => {
    const { before: next } = /** @type {HTMLElement} */ (event.currentTarget).dataset;
    if (next !== undefined && next !== '') goTo(Number(next));
  });
}

/** @param {any} document of the feed */
export function noteTables(document) {
  const isFirst = replayCommand === '';
  replayCommand = document.replayCommand;
  const { deadLetters } = document.outbox;
  setText(
    byId('dead-note'),
    deadLetters === 0 ? '' : t('outbox.refused', { n: deadLetters, command: `${replayCommand} --all` }),
  );
  const { waiting, delivered, dead, replayed, attempts } = document.outbox;
  outbox.note([waiting, delivered, dead, replayed, attempts]);
  jobs.note(document.jobs);
  accounts.note(document.accounts);
  if (!isFirst) return;
  outbox.start();
  jobs.start();
  accounts.start();
}

/** @param {number | null} next */
function goTo(next) {
  before = next;
  if (replayCommand !== '') void outbox.load();
}

/** @param {any} row */
function summaryRow(row) {
  return make(
    'tr',
    { 'data-row': String(row.id) },
    name(row.clientId),
    make('td', { class: 'spare cut', title: row.exchange }, row.exchange),
    make('td', { class: 'right spare' }, count(row.trades)),
    make('td', { class: 'spare mono', title: row.digest }, row.digest.slice(0, 12)),
    make('td', {}, mark(row.state, t(`outbox.state.${row.state}`)), ...outcome(row)),
    make('td', { class: 'right spare' }, count(row.attempts)),
    make('td', { class: 'right', 'data-seen': row.sealedAt }),
  );
}

/** Why a summary is where it is, and what an operator can do. @param {any} row */
function outcome(row) {
  if (row.state === 'delivered') return [make('span', { class: 'line quiet' }, dateTime(row.endedAt))];
  const why =
    row.reason !== '' || row.status === null ? row.reason : t('outbox.http', { status: String(row.status) });
  const lines =
    why === '' ? [] : [make('span', { class: `line ${row.state === 'dead' ? 'bad' : 'quiet'}` }, why)];
  if (row.state === 'dead') lines.push(make('code', { class: 'line' }, `${replayCommand} ${row.id}`));
  return lines;
}

/** @param {any} row */
function jobRow(row) {
  return make(
    'tr',
    { 'data-row': row.name },
    name(row.clientId),
    make('td', { class: 'spare cut', title: row.exchange }, row.exchange),
    make('td', { class: 'spare mono' }, row.name),
    make('td', {}, mark(row.status, t(`status.${row.status}`))),
    make('td', { class: 'right spare' }, count(row.trades)),
    make('td', { class: 'right spare', 'data-seen': row.createdAt }),
    make('td', { class: 'right', 'data-due': row.expiresAt }),
  );
}

/** @param {any} row */
function accountRow(row) {
  const where = [
    row.exchange,
    row.accountType,
    row.sandbox ? t('accounts.sandbox') : '',
    row.local ? t('accounts.local') : '',
  ];
  const why = row.exchangeCode == null ? row.reason : `${row.reason} (${row.exchangeCode})`;
  const lines = [
    ...(why === '' ? [] : [make('span', { class: `line ${row.state === 'online' ? 'quiet' : 'bad'}` }, why)]),
    ...row.warnings.map((/** @type {string} */ text) => make('span', { class: 'line quiet' }, text)),
  ];
  const label = row.label === '' ? row.account.slice(0, 12) : row.label;
  return make(
    'tr',
    { 'data-row': row.account },
    make('th', { scope: 'row', title: `client_id ${row.account}` }, label),
    make('td', { class: 'spare cut' }, where.filter((part) => part !== '').join(', ')),
    make('td', {}, mark(row.state, t(`account.${row.state}`)), ...lines),
    make('td', { class: 'right spare' }, count(row.seq)),
    make('td', { class: 'right spare' }, count(row.unpolledMarkets)),
    make('td', { class: 'right spare' }, span(row.intervalSecs * 1000)),
    time('right', 'seen', row.lastPoll),
    time('right spare', 'due', row.sessionExpires),
  );
}

/** A cell with a time, or a dash. @param {string} classes @param {'seen' | 'due'} kind @param {string | null | undefined} at */
function time(classes, kind, at) {
  return at == null
    ? make('td', { class: classes }, '–')
    : make('td', { class: classes, [`data-${kind}`]: at });
}

/** @param {string} clientId */
function name(clientId) {
  return make('th', { scope: 'row', title: clientId }, clientId);
}

/** @param {string} word @param {string} text */
function mark(word, text) {
  return make('span', { class: 'state', 'data-state': word }, make('i', { class: `mark ${word}` }), text);
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (byId(id));
}
