// A table that the aggregator sorts, searches and sends one page at a time. It loads again soon after something moved,
// otherwise a few times a minute, and not at all while the tab is hidden. The caller hands in its rows and its words. The
// page has a table with this id, and `<id>-count`; search, problem and pager are the elements with `data-table="<id>"`
// and `data-part` search, problem, previous, page, next.

import { Refused } from './api.js';
import { all, byId, make, setText } from './dom.js';
import { count } from './format.js';
import { showSeenTimes } from './seen-times.js';
import { TableRefresh } from './table-refresh.js';
import { t } from './words.js';

const TYPING_MS = 250;

/** What is asked for; `page` is from 1. @typedef {{ q: string, sort: string, page: number }} Asked */
/** @typedef {{ rows: any[], page: number, pages: number, total: number }} Answer */
/**
 * `problem` returns why a text cannot be searched, or an empty text. `isFiltered` is true if the caller itself leaves
 * rows out. `descendingFirst` has the columns that the first click sorts descending. `shown` is called after each paint.
 * @typedef {{
 *   id: string,
 *   nouns: [one: string, many: string],
 *   none: string,
 *   sort: string,
 *   descendingFirst: readonly string[],
 *   load: (asked: Asked) => Promise<Answer>,
 *   row: (row: any) => HTMLElement | readonly HTMLElement[],
 *   problem: (q: string) => string,
 *   isFiltered?: () => boolean,
 *   shown?: () => void,
 * }} Definition
 */

export class PagedTable {
  /** @readonly @type {Definition} */ #definition;
  /** @type {Asked} */ #asked;
  #turn = 0;
  #refreshes = new TableRefresh();
  /** @type {Answer | null} */ #shown = null;

  /** @param {Definition} definition */
  constructor(definition) {
    this.#definition = definition;
    this.#asked = { q: '', sort: definition.sort, page: 1 };
  }

  start() {
    const search = this.#search();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let typing;
    search.addEventListener('input', () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.ask({ q: search.value.trim(), page: 1 }), TYPING_MS);
    });
    this.#part('previous').addEventListener('click', () => this.ask({ page: this.#asked.page - 1 }));
    this.#part('next').addEventListener('click', () => this.ask({ page: this.#asked.page + 1 }));
    for (const head of all(`#${this.#definition.id} th[data-sort]`))
      head.querySelector('button')?.addEventListener('click', () => this.#sortBy(head));
    setInterval(() => this.#refresh(), 1000);
    void this.#load();
  }

  /** Asks for something else. @param {Partial<Asked>} change */
  ask(change) {
    Object.assign(this.#asked, change);
    void this.#load();
  }

  /** Paints the rows again that are shown. */
  repaint() {
    if (this.#shown !== null) this.#show(this.#shown);
  }

  /** Tells the table what its rows depend on; if that changed, it loads soon. @param {unknown} state */
  note(state) {
    this.#refreshes.note(state);
  }

  #refresh() {
    if (this.#shown !== null) showSeenTimes(this.#definition.id);
    if (this.#refreshes.isDue()) void this.#load();
  }

  /** @param {HTMLElement} head */
  #sortBy(head) {
    const name = head.dataset.sort ?? '';
    const startsDown = this.#definition.descendingFirst.includes(name);
    const { sort } = this.#asked;
    const isDown = sort === name || sort === `-${name}` ? sort === name : startsDown;
    for (const other of all(`#${this.#definition.id} th[aria-sort]`)) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
    this.ask({ sort: `${isDown ? '-' : ''}${name}`, page: 1 });
  }

  async #load() {
    const mine = ++this.#turn;
    this.#refreshes.loading();
    const problem = this.#definition.problem(this.#asked.q);
    if (problem !== '') {
      this.#showProblem(problem);
      return;
    }
    try {
      const answer = await this.#definition.load({ ...this.#asked });
      if (mine !== this.#turn) return;
      this.#setProblem('');
      // There are fewer pages now than when the user chose this one.
      if (answer.rows.length === 0 && answer.total > 0) this.ask({ page: Math.max(1, answer.pages) });
      else this.#show(answer);
    } catch (error) {
      // The next refresh loads again; until then the table stays as it is.
      if (mine === this.#turn && error instanceof Refused && error.status === 400)
        this.#showProblem(error.reason);
    }
  }

  /**
   * Empties the table: its rows answer another question and would look like this one's answer. @param {string} problem
   */
  #showProblem(problem) {
    this.#setProblem(problem);
    this.#show({ rows: [], page: 1, pages: 0, total: 0 });
    setText(byId(`${this.#definition.id}-count`), t('table.not-searched'));
  }

  /** @param {string} problem */
  #setProblem(problem) {
    setText(this.#part('problem'), problem);
    this.#search().setAttribute('aria-invalid', String(problem !== ''));
  }

  /** @param {Answer} answer */
  #show(answer) {
    this.#shown = answer;
    const { id, nouns, row, shown } = this.#definition;
    const body = document.querySelector(`#${id} tbody`);
    const focused = body?.contains(document.activeElement) === true ? document.activeElement : null;
    const focusKey = focused?.getAttribute('data-focus') ?? null;
    if (answer.rows.length === 0) {
      const columns = all(`#${id} thead th`).length;
      const cell = make('td', { colspan: String(columns), class: 'none' }, this.#nothing());
      body?.replaceChildren(make('tr', {}, cell));
    } else {
      body?.replaceChildren(...answer.rows.flatMap((each) => row(each)));
      // The rows are new elements; who steers by keyboard stays where they were.
      if (focusKey !== null)
        all(`#${id} [data-focus]`)
          .find((element) => element.dataset.focus === focusKey)
          ?.focus({ preventScroll: true });
    }
    const pages = Math.max(1, answer.pages);
    setText(this.#part('page'), t('table.page', { page: answer.page, pages }));
    const noun = answer.total === 1 ? nouns[0] : nouns[1];
    setText(byId(`${id}-count`), `${count(answer.total)} ${noun}${this.#isFiltered() ? ' found' : ''}`);
    /** @type {HTMLButtonElement} */ (this.#part('previous')).disabled = answer.page <= 1;
    /** @type {HTMLButtonElement} */ (this.#part('next')).disabled = answer.page >= pages;
    showSeenTimes(this.#definition.id);
    shown?.();
  }

  #nothing() {
    if (this.#part('problem').textContent !== '') return t('table.nothing-searched');
    return this.#isFiltered() ? `No ${this.#definition.nouns[0]} matches.` : this.#definition.none;
  }

  #isFiltered() {
    return this.#asked.q !== '' || this.#definition.isFiltered?.() === true;
  }

  #search() {
    return /** @type {HTMLInputElement} */ (this.#part('search'));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const [element] = all(`[data-table="${this.#definition.id}"][data-part="${name}"]`);
    if (element === undefined) throw new Error(`the table ${this.#definition.id} has no part ${name}`);
    return element;
  }
}
