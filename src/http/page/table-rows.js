// The rows of a table. A row keeps its elements for as long as it is shown: new values are written into them, so a
// selection of text and the focus survive. It loads nothing.

import { all, make } from './dom.js';
import { morph } from './morph.js';
import { showSeenTimesIn } from './seen-times.js';

/**
 * `make` makes the elements of a row, which has the others beside it at its place; `key` says which row it is.
 * @typedef {{
 *   make: (row: any, index: number, rows: readonly any[]) => HTMLElement | readonly HTMLElement[],
 *   key: (row: any) => string,
 * }} RowMaker
 */

export class TableRows {
  /** @readonly */ #id;
  /** @readonly */ #maker;
  /** @type {readonly any[]} */
  #rows = [];
  /** @type {Map<string, HTMLElement[]>} */
  #elements = new Map();

  /**
   * @param {string} id of the table
   * @param {RowMaker} maker
   */
  constructor(id, maker) {
    this.#id = id;
    this.#maker = maker;
  }

  /** The part of the table that has the rows. */
  get body() {
    const body = document.querySelector(`#${this.#id} tbody`);
    if (body === null) throw new Error(`the table ${this.#id} has no body`);
    return body;
  }

  /** Shows these rows in this order. @param {readonly any[]} rows @param {string} nothing the text if there are none */
  take(rows, nothing) {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    this.#paint(rows, new Set());
    if (rows.length === 0) {
      const columns = all(`#${this.#id} thead th`).length;
      this.body.replaceChildren(
        make('tr', {}, make('td', { colspan: String(columns), class: 'none' }, nothing)),
      );
      return;
    }
    place(
      this.body,
      rows.flatMap((row) => this.#elements.get(this.#maker.key(row)) ?? []),
    );
    this.#focusAgain(focused);
  }

  /**
   * Writes the values of these rows into those that are shown, and leaves the order. A row that is no longer among them
   * keeps its values and is marked. Returns at how many places another row would stand.
   * @param {readonly any[]} rows
   */
  update(rows) {
    const { key } = this.#maker;
    const newest = new Map(rows.map((row) => [key(row), row]));
    const shown = this.#rows.map(key);
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    this.#paint(
      this.#rows.map((row) => newest.get(key(row)) ?? row),
      new Set(shown.filter((each) => !newest.has(each))),
    );
    if (shown.length > 0) {
      place(
        this.body,
        shown.flatMap((each) => this.#elements.get(each) ?? []),
      );
      this.#focusAgain(focused);
    }
    const places = Math.max(shown.length, rows.length);
    return Array.from({ length: places }).filter((_, index) => {
      const row = rows[index];
      return shown[index] !== (row === undefined ? undefined : key(row));
    }).length;
  }

  /** Paints the rows again that are shown. */
  repaint() {
    if (this.#rows.length > 0) this.update(this.#rows);
  }

  /** @param {readonly any[]} rows @param {ReadonlySet<string>} gone */
  #paint(rows, gone) {
    const former = this.#elements;
    this.#rows = rows;
    this.#elements = new Map(
      rows.map((row, index) => {
        const name = this.#maker.key(row);
        const made = this.#maker.make(row, index, rows);
        const fresh = made instanceof HTMLElement ? [made] : [...made];
        const kept = former.get(name) ?? [];
        const elements = fresh.map((element, at) => {
          showSeenTimesIn(element);
          element.classList.toggle('gone', gone.has(name));
          if (element.className === '') element.removeAttribute('class');
          const before = kept[at];
          if (before === undefined) return element;
          morph(before, element);
          return before;
        });
        return [name, elements];
      }),
    );
  }

  /** A row that moved lost the focus, and one that was made anew never had it. @param {Element | null} focused */
  #focusAgain(focused) {
    if (focused === null || focused === document.activeElement) return;
    const name = focused.getAttribute('data-focus');
    const element = focused.isConnected
      ? focused
      : all(`#${this.#id} [data-focus]`).find((each) => name !== null && each.dataset.focus === name);
    if (element instanceof HTMLElement) element.focus({ preventScroll: true });
  }
}

/** Makes these elements the children, and moves only those that stand elsewhere. @param {Element} body @param {readonly Element[]} elements */
function place(body, elements) {
  const wanted = new Set(elements);
  for (const child of all(':scope > *', body)) if (!wanted.has(child)) child.remove();
  let next = body.firstElementChild;
  for (const element of elements) {
    if (element === next) next = next.nextElementSibling;
    else body.insertBefore(element, next);
  }
}
