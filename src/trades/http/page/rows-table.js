// A table of the newest rows, which the aggregator sends whole. It loads again soon after something moved, otherwise a
// few times a minute, and not at all while the tab is hidden. The caller hands in its rows and its words.

import { serverNowMs } from './api.js';
import { all, make, setText } from './dom.js';
import { dateTime, span } from './format.js';
import { showSeenTimes } from './seen-times.js';
import { TableRefresh } from './table-refresh.js';
import { t } from './words.js';

/**
 * `shown` is called after each paint. @typedef {{ id: string, none: () => string, load: () => Promise<any[]>, row: (row:
 * any) => HTMLElement, shown?: (rows: readonly any[]) => void }} Definition
 */

export class RowsTable {
  /** @readonly @type {Definition} */ #definition;
  #turn = 0;
  #refreshes = new TableRefresh();
  #isShown = false;

  /** @param {Definition} definition */
  constructor(definition) {
    this.#definition = definition;
  }

  start() {
    setInterval(() => this.#refresh(), 1000);
    void this.load();
  }

  /** Tells the table what its rows depend on; if that changed, it loads soon. @param {unknown} state */
  note(state) {
    this.#refreshes.note(state);
  }

  /** Loads the rows and shows them; until then the former rows stay. */
  async load() {
    const mine = ++this.#turn;
    this.#refreshes.loading();
    try {
      const rows = await this.#definition.load();
      if (mine === this.#turn) this.#show(rows);
    } catch {
      // The next refresh loads again.
    }
  }

  #refresh() {
    if (this.#isShown) this.#showTimes();
    if (this.#refreshes.isDue()) void this.load();
  }

  /** @param {any[]} rows */
  #show(rows) {
    const { id, none, row, shown } = this.#definition;
    const body = document.querySelector(`#${id} tbody`);
    if (rows.length === 0) {
      const columns = all(`#${id} thead th`).length;
      body?.replaceChildren(make('tr', {}, make('td', { colspan: String(columns), class: 'none' }, none())));
    } else body?.replaceChildren(...rows.map((each) => row(each)));
    this.#isShown = true;
    this.#showTimes();
    shown?.(rows);
  }

  /** How long ago each time of the table is, or in what time it comes. */
  #showTimes() {
    showSeenTimes(this.#definition.id);
    for (const cell of all(`#${this.#definition.id} [data-due]`)) {
      const inMs = Date.parse(cell.dataset.due ?? '') - serverNowMs();
      setText(cell, inMs <= 0 ? t('due.now') : t('due.in', { span: span(inMs) }));
      cell.title = dateTime(cell.dataset.due ?? '');
    }
  }
}
