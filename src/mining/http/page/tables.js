// The tables: machines that open to their accounts, accounts that open to their machines, and verdicts per miner.

import { getJson, serverNowMs } from './api.js';
import { make } from './dom.js';
import { count, percent, size } from './format.js';
import { PagedTable } from './paged-table.js';
import { t } from './words.js';

const TIB = 2 ** 40;
const SEARCH_LENGTH_MAX = 150;
const DESCENDING_FIRST = [
  'capacityTib',
  'submissions24h',
  'forwarded',
  'accepted',
  'rejected',
  'failedProofs',
];

/** @param {'machines' | 'accounts' | 'miners'} name */
function loader(name) {
  return async (/** @type {import('./paged-table.js').Asked} */ { q, sort, page }) => {
    const answer = await getJson(`api/mining/${name}`, { sort, page, ...(q !== '' && { q }) });
    const nowMs = serverNowMs();
    // Ages become times, so that they go on between two answers.
    return { ...answer, rows: answer.rows.map((/** @type {any} */ row) => timed(row, nowMs)) };
  };
}

/** @param {any} row @param {number} nowMs @returns {any} */
function timed(row, nowMs) {
  return {
    ...row,
    seenAt: new Date(nowMs - row.lastSeenSecsAgo * 1000).toISOString(),
    nested: (row.nested ?? []).map((/** @type {any} */ each) => timed(each, nowMs)),
  };
}

/** The reason why this text cannot be searched; the same rule as the API's. @param {string} q */
function searchProblem(q) {
  if (!/^[ -~]*$/.test(q)) return t('tables.ascii');
  if (q.length > SEARCH_LENGTH_MAX) return t('tables.too-long', { n: SEARCH_LENGTH_MAX });
  return '';
}

/** @param {'machines' | 'accounts' | 'miners'} name @returns {import('./paged-table.js').TableTexts} */
function textsOf(name) {
  return {
    count: (n) => t(`tables.count.${name}`, { n }),
    found: (n) => t(`tables.found.${name}`, { n }),
    none: () => t(`tables.none.${name}`),
    noMatch: () => t(`tables.no-match.${name}`),
  };
}

/**
 * A table whose rows open.
 * @param {'machines' | 'accounts'} name
 * @param {'machines' | 'accounts'} inner what opens
 */
function opening(name, inner) {
  /** @type {Set<string>} */
  const open = new Set();
  /** @type {PagedTable} */
  const table = new PagedTable({
    id: name,
    texts: textsOf(name),
    sort: '-capacityTib',
    descendingFirst: DESCENDING_FIRST,
    problem: searchProblem,
    load: loader(name),
    key: (row) => row.id,
    row(/** @type {any} */ row) {
      const isOpen = open.has(row.id) && row.nestedCount > 0;
      const button = make(
        'button',
        {
          type: 'button',
          class: 'toggle',
          'aria-expanded': String(isOpen),
          'data-focus': row.id,
          title: row.id,
        },
        make('span', { class: 'toggle-text' }, row.id),
      );
      /** @type {HTMLButtonElement} */ (button).disabled = row.nestedCount === 0;
      button.addEventListener('click', () => {
        if (!open.delete(row.id)) open.add(row.id);
        table.repaint();
      });
      const head = make('th', { scope: 'row' }, button, ...refusalOf(row));
      const rows = [figuresRow(head, row, count(row.nestedCount))];
      if (isOpen) rows.push(...nestedRows(row, inner));
      return rows;
    },
  });
  return table;
}

/** @param {any} row @param {'machines' | 'accounts'} inner */
function nestedRows(row, inner) {
  const rows = row.nested.map((/** @type {any} */ each) => {
    const line = figuresRow(make('th', { scope: 'row', title: each.id }, each.id), each, '');
    line.classList.add('nested');
    return line;
  });
  const rest = row.nestedCount - row.nested.length;
  if (rest > 0) {
    const text = t(`tables.more.${inner}`, { n: rest });
    rows.push(make('tr', { class: 'nested' }, make('td', { colspan: '6', class: 'quiet' }, text)));
  }
  return rows;
}

/** @param {HTMLElement} head @param {any} row @param {string} inner */
function figuresRow(head, row, inner) {
  const state = row.isActive ? 'online' : 'offline';
  return make(
    'tr',
    { 'data-row': row.id },
    head,
    make(
      'td',
      { class: 'spare' },
      make(
        'span',
        { class: `state ${state}` },
        make('i', { class: `mark ${state}` }),
        t(row.isActive ? 'tables.active' : 'tables.away'),
      ),
    ),
    make('td', { class: 'right spare' }, inner),
    make('td', { class: 'right' }, size(row.capacityTib * TIB)),
    make(
      'td',
      { class: 'right spare' },
      `${count(row.submissions24h)} (${percent(row.submissionPercentage / 100)})`,
    ),
    make('td', { class: 'right', 'data-seen': row.seenAt }),
  );
}

/** @param {any} row */
function refusalOf(row) {
  return row.refusal === null ? [] : [make('span', { class: 'words bad', title: row.refusal }, row.refusal)];
}

/** @param {any} row of the miners */
function minerRow(row) {
  const cell = (/** @type {number} */ number, /** @type {string} */ classes) =>
    make('td', { class: classes }, count(number));
  return make(
    'tr',
    { 'data-row': row.id, 'data-account': row.accountId },
    make(
      'th',
      { scope: 'row', title: `${row.id} ${row.accountId}` },
      make('span', { class: 'line' }, row.id),
      make('span', { class: 'line quiet' }, row.accountId),
      ...refusalOf(row),
    ),
    cell(row.submissions24h, 'right spare'),
    cell(row.forwarded, 'right spare'),
    cell(row.accepted, 'right'),
    cell(row.rejected, `right ${row.rejected > 0 ? 'bad' : ''}`),
    cell(row.verified, 'right spare'),
    cell(row.failedProofs, `right ${row.failedProofs > 0 ? 'bad' : ''}`),
  );
}

const tables = [
  opening('machines', 'accounts'),
  opening('accounts', 'machines'),
  new PagedTable({
    id: 'miners',
    texts: textsOf('miners'),
    sort: '-failedProofs',
    descendingFirst: DESCENDING_FIRST,
    problem: searchProblem,
    load: loader('miners'),
    key: (row) => `${row.id} ${row.accountId}`,
    row: minerRow,
  }),
];

export function startTables() {
  for (const table of tables) table.start();
}

/** @param {any} document of the feed */
export function noteTables(document) {
  for (const table of tables) table.note([document.machines, document.desk.verdicts]);
}
