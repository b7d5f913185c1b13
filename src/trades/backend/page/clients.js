// The table of clients. A row's button shows the client below; the first client is shown without a choice.

import { getJson } from './api.js';
import { showClient } from './client.js';
import { make } from './dom.js';
import { count } from './format.js';
import { PagedTable } from './paged-table.js';
import { isVerified, lineWords, percentChange, provenanceWords } from './summary-words.js';

const SEARCH_LENGTH_MAX = 150;

/** @type {number | null} */
let chosen = null;

/** The same rule as the API's. @param {string} q */
function searchProblem(q) {
  if (/\p{Cc}/u.test(q)) return 'Not searched: a client id has no control characters.';
  if (q.length > SEARCH_LENGTH_MAX) return `Not searched: at most ${SEARCH_LENGTH_MAX} characters.`;
  return '';
}

/** @type {PagedTable} */
const table = new PagedTable({
  id: 'clients',
  texts: {
    count: (n) => `${count(n)} ${n === 1 ? 'client' : 'clients'}`,
    found: (n) => `${count(n)} ${n === 1 ? 'client' : 'clients'} found`,
    none: () => 'No summary was received yet.',
    noMatch: () => 'No client matches.',
  },
  sort: '-receivedAt',
  descendingFirst: ['receivedAt', 'summaries'],
  problem: searchProblem,
  async load({ q, sort, page }) {
    const answer = await getJson('api/ingest/clients', { sort, page, ...(q !== '' && { q }) });
    if (chosen === null && answer.rows.length > 0) choose(answer.rows[0].client, false);
    return answer;
  },
  key: (row) => String(row.client),
  row(/** @type {any} */ row) {
    const isChosen = row.client === chosen;
    const button = make(
      'button',
      {
        type: 'button',
        class: 'choose',
        'aria-pressed': String(isChosen),
        'data-focus': String(row.client),
        title: row.clientId,
      },
      row.clientId,
    );
    button.addEventListener('click', () => choose(row.client, true));
    const [tag] = provenanceWords(row.provenance);
    const line = lineWords(row);
    return make(
      'tr',
      { 'data-row': String(row.client) },
      make(
        'th',
        { scope: 'row' },
        button,
        make('span', { class: `tag ${isVerified(row.provenance) ? '' : 'unverified'}` }, tag),
      ),
      make(
        'td',
        { class: `right ${row.totalReturnPct < 0 ? 'bad' : ''}` },
        percentChange(row.totalReturnPct),
      ),
      make('td', { class: 'right spare' }, percentChange(-row.maximumDrawdownPct)),
      make('td', { class: isWhole(row) ? '' : 'bad' }, line),
      make('td', { class: 'right spare' }, count(row.summaries)),
      make('td', { class: 'right spare', 'data-seen': row.receivedAt }),
    );
  },
});

/** @param {any} row */
function isWhole(row) {
  return Object.values(row.found).every((number) => number === 0);
}

/** @param {number} client @param {boolean} isAsked true if a person chose it */
function choose(client, isAsked) {
  chosen = client;
  showClient(client, isAsked);
  if (isAsked) table.repaint();
}

export function startClients() {
  table.start();
}

/** @param {any} document of the feed */
export function noteClients({ summaries }) {
  table.note(summaries);
}
