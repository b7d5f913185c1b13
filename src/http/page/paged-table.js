// A table that the aggregator sorts, searches and sends one page at a time. What is asked for stands in the address. It loads
// again soon after something moved, otherwise a few times a minute, and not at all while it is not shown. While someone reads
// the table (reading.js), new values are written into the rows and the order stands still; a button takes the new order. The
// caller hands in its rows and its words. The page has a table with this id, and `<id>-count`; problem and pager are the
// elements with `data-table="<id>"` and `data-part` problem, previous, page, next; a table may have a search, too.

import { listen } from './address.js';
import { Refused } from './api.js';
import { all, byId, make, setText } from './dom.js';
import { isBeingRead } from './reading.js';
import { showSeenTimes } from './seen-times.js';
import { TableAddress } from './table-address.js';
import { TablePager } from './table-pager.js';
import { TableRefresh } from './table-refresh.js';
import { TableRows } from './table-rows.js';
import { t } from './words.js';

const TYPING_MS = 250;

/** What is asked for; `page` is from 1. Filters have their own members. @typedef {{ q: string, sort: string, page: number, [filter: string]: any }} Asked */
/** @typedef {{ rows: any[], page: number, pages: number, total: number }} Answer */
/** The words of a table: how many rows there are or were found, and what stands there if there are none. @typedef {{ count: (n: number) => string, found: (n: number) => string, none: () => string, noMatch: () => string }} TableTexts */
/**
 * `problem` returns why this cannot be searched, or an empty text. `filters` has the names of further parameters, each with
 * what it may be; empty is no filter. `descendingFirst` has the columns that the first click sorts descending. `path` is the
 * first part of the address of the view with the table, `prefix` stands before its parameters. `asked` is called when
 * something else is asked for, `shown` after each answer, `refused` with the status of a refused one.
 * @typedef {{
 *   id: string,
 *   texts: TableTexts,
 *   sort: string,
 *   descendingFirst: readonly string[],
 *   load: (asked: Asked) => Promise<Answer>,
 *   row: import('./table-rows.js').RowMaker['make'],
 *   key: import('./table-rows.js').RowMaker['key'],
 *   problem?: (q: string, asked: Asked) => string,
 *   filters?: Readonly<Record<string, (value: string) => boolean>>,
 *   path?: string,
 *   prefix?: string,
 *   asked?: (asked: Asked) => void,
 *   shown?: () => void,
 *   refused?: (status: number) => void,
 * }} Definition
 */

export class PagedTable {
  /** @readonly @type {Definition} */ #definition;
  /** @readonly */ #address;
  /** @readonly */ #rows;
  /** @readonly */ #refreshes = new TableRefresh();
  /** What the table shows or loads; empty before the first time. */
  #askedText = '';
  #turn = 0;
  #isShown = false;
  /** The answer whose order is not shown. @type {Answer | null} */
  #waiting = null;
  /** @type {TablePager | null} */
  #pager = null;
  /** @type {HTMLElement | null} */
  #changes = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  /** @param {Definition} definition */
  constructor(definition) {
    this.#definition = definition;
    const { id, row, key, sort, filters = {}, path = '', prefix = `${id}.` } = definition;
    this.#rows = new TableRows(id, { make: row, key });
    const none = Object.fromEntries(Object.keys(filters).map((name) => [name, '']));
    this.#address = new TableAddress(path, prefix, { q: '', sort, page: '1', ...none }, (name, value) =>
      this.#isAllowed(name, value),
    );
  }

  start() {
    const { id } = this.#definition;
    const search = this.#search();
    search?.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#searchFor(search.value.trim()), TYPING_MS);
    });
    this.#pager = new TablePager(
      (name) => this.#part(name),
      (page) => this.ask({ page }),
    );
    this.#changes = make('button', { type: 'button', class: 'ghost changes', 'data-part': 'changes' });
    this.#changes.addEventListener('click', () => this.#takeWaiting());
    byId(`${id}-count`).after(this.#changes);
    for (const head of all(`#${id} th[data-sort]`))
      head.querySelector('button')?.addEventListener('click', () => this.#sortBy(head.dataset.sort ?? ''));
    setInterval(() => this.#refresh(), 1000);
    listen(() => this.#follow());
    this.#follow();
  }

  /** Asks for something else, which the back button undoes. @param {Readonly<Record<string, string | number>>} change @param {{ replace?: boolean }} [how] */
  ask(change, { replace = false } = {}) {
    const values = Object.entries(change).map(([name, value]) => [name, String(value)]);
    this.#address.write(Object.fromEntries(values), replace);
  }

  /** Paints the rows again that are shown. */
  repaint() {
    this.#rows.repaint();
  }

  /** Tells the table what its rows depend on; if that changed, it loads soon. @param {unknown} state */
  note(state) {
    this.#refreshes.note(state);
  }

  /** Loads again what the address asks for, if that is something else. */
  #follow() {
    if (!this.#address.isHere) return;
    const asked = this.#asked();
    const text = JSON.stringify(asked);
    if (text === this.#askedText) return;
    this.#askedText = text;
    const search = this.#search();
    if (search !== null && search.value.trim() !== asked.q) search.value = asked.q;
    for (const head of all(`#${this.#definition.id} th[data-sort]`)) {
      const name = head.dataset.sort ?? '';
      if (asked.sort === name) head.setAttribute('aria-sort', 'ascending');
      else if (asked.sort === `-${name}`) head.setAttribute('aria-sort', 'descending');
      else head.removeAttribute('aria-sort');
    }
    this.#definition.asked?.(asked);
    void this.#load(true);
  }

  /** @returns {Asked} */
  #asked() {
    const values = this.#address.read();
    return { ...values, page: Number(values.page) };
  }

  /** @param {string} name @param {string} value */
  #isAllowed(name, value) {
    if (name === 'q') return this.#search() !== null;
    if (name === 'page') return /^[1-9]\d{0,8}$/.test(value);
    if (name === 'sort')
      return all(`#${this.#definition.id} th[data-sort]`).some(({ dataset }) =>
        [dataset.sort, `-${dataset.sort}`].includes(value),
      );
    return this.#definition.filters?.[name]?.(value) === true;
  }

  #refresh() {
    if (!this.#address.isHere) return;
    if (this.#isShown) showSeenTimes(this.#definition.id);
    if (this.#refreshes.isDue()) void this.#load(false);
  }

  /** While a search is typed, the back button leaves it at once and not letter by letter. @param {string} q */
  #searchFor(q) {
    this.ask({ q, page: 1 }, { replace: q !== '' && this.#asked().q !== '' });
  }

  /** @param {string} name */
  #sortBy(name) {
    const { sort } = this.#asked();
    const startsDown = this.#definition.descendingFirst.includes(name);
    const isDown = sort === name || sort === `-${name}` ? sort === name : startsDown;
    this.ask({ sort: `${isDown ? '-' : ''}${name}`, page: 1 });
  }

  /** @param {boolean} isAsked true if the user asked for something else */
  async #load(isAsked) {
    const mine = ++this.#turn;
    const asked = this.#asked();
    this.#refreshes.loading();
    const problem = this.#definition.problem?.(asked.q, asked) ?? '';
    if (problem !== '') {
      this.#showProblem(problem);
      return;
    }
    try {
      const answer = await this.#definition.load(asked);
      if (mine !== this.#turn) return;
      this.#setProblem('');
      // There are fewer pages now than when the user chose this one.
      if (answer.rows.length === 0 && answer.total > 0)
        this.ask({ page: Math.max(1, answer.pages) }, { replace: true });
      else this.#show(answer, isAsked);
    } catch (error) {
      // The next refresh loads again; until then the table stays as it is.
      if (mine !== this.#turn || !(error instanceof Refused)) return;
      if (error.status === 400) this.#showProblem(error.reason);
      this.#definition.refused?.(error.status);
    }
  }

  /**
   * Empties the table: its rows answer another question and would look like this one's answer. @param {string} problem
   */
  #showProblem(problem) {
    this.#setProblem(problem);
    this.#show({ rows: [], page: 1, pages: 0, total: 0 }, true);
    setText(byId(`${this.#definition.id}-count`), t('table.not-searched'));
  }

  /** @param {string} problem */
  #setProblem(problem) {
    setText(this.#part('problem'), problem);
    this.#search()?.setAttribute('aria-invalid', String(problem !== ''));
  }

  /** @param {Answer} answer @param {boolean} isAsked */
  #show(answer, isAsked) {
    const { id, texts, shown } = this.#definition;
    const stands = !isAsked && this.#isShown && isBeingRead(this.#rows.body);
    const changes = stands ? this.#rows.update(answer.rows) : 0;
    if (!stands) this.#rows.take(answer.rows, this.#nothing());
    this.#isShown = answer.rows.length > 0;
    this.#wait(changes === 0 ? null : answer, changes);
    this.#pager?.show(answer.page, Math.max(1, answer.pages));
    const { count, found } = texts;
    setText(byId(`${id}-count`), (this.#isFiltered() ? found : count)(answer.total));
    shown?.();
  }

  /** @param {Answer | null} answer @param {number} changes */
  #wait(answer, changes) {
    this.#waiting = answer;
    if (this.#changes === null) return;
    if (answer !== null) setText(this.#changes, t('table.changes', { n: changes }));
    this.#changes.classList.toggle('waiting', answer !== null);
  }

  #takeWaiting() {
    if (this.#waiting !== null) this.#show(this.#waiting, true);
  }

  #nothing() {
    const { texts } = this.#definition;
    if (this.#part('problem').textContent !== '') return t('table.nothing-searched');
    return this.#isFiltered() ? texts.noMatch() : texts.none();
  }

  #isFiltered() {
    const { sort: _sort, page: _page, ...chosen } = this.#asked();
    return Object.values(chosen).some((value) => value !== '');
  }

  #search() {
    const [element] = this.#parts('search');
    return element instanceof HTMLInputElement ? element : null;
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const [element] = this.#parts(name);
    if (element === undefined) throw new Error(`the table ${this.#definition.id} has no part ${name}`);
    return element;
  }

  /** @param {string} name */
  #parts(name) {
    return all(`[data-table="${this.#definition.id}"][data-part="${name}"]`);
  }
}
