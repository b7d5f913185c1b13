// The pager of a table: to the first, the previous, the next and the last page, and to a page by its number. The page has the
// buttons for the previous and the next page and the text between them; the rest is made here.

import { make, setText } from './dom.js';
import { t } from './words.js';

/** From this number of pages on, the pager offers the first, the last and a page by its number. */
const MANY = 3;

export class TablePager {
  #page = 1;
  #pages = 1;

  /**
   * @param {(name: string) => HTMLElement} part of the table
   * @param {(page: number) => void} goTo
   */
  constructor(part, goTo) {
    this.text = part('page');
    this.previous = button(part('previous'), t('table.previous'), () => goTo(this.#page - 1));
    this.next = button(part('next'), t('table.next'), () => goTo(this.#page + 1));
    this.first = button(make('button', { type: 'button', class: 'ghost' }), t('table.first'), () => goTo(1));
    this.last = button(make('button', { type: 'button', class: 'ghost' }), t('table.last'), () =>
      goTo(this.#pages),
    );
    this.input = /** @type {HTMLInputElement} */ (
      make('input', { type: 'number', min: '1', step: '1', inputmode: 'numeric', 'data-part': 'jump' })
    );
    this.input.addEventListener('change', () => {
      const page = Math.round(Number(this.input.value));
      if (this.input.value !== '' && page >= 1) goTo(Math.min(page, this.#pages));
      this.input.value = '';
    });
    this.jump = make('label', { class: 'jump quiet' }, t('table.go-to'), ' ', this.input);
    this.previous.before(this.first);
    this.next.after(this.last, this.jump);
  }

  /** @param {number} page @param {number} pages at least 1 */
  show(page, pages) {
    this.#page = page;
    this.#pages = pages;
    setText(this.text, t('table.page', { page, pages }));
    this.previous.disabled = page <= 1;
    this.first.disabled = page <= 1;
    this.next.disabled = page >= pages;
    this.last.disabled = page >= pages;
    this.input.max = String(pages);
    for (const element of [this.first, this.last, this.jump]) element.hidden = pages < MANY;
  }
}

/** @param {HTMLElement} element @param {string} text @param {() => void} clicked */
function button(element, text, clicked) {
  setText(element, text);
  element.addEventListener('click', clicked);
  return /** @type {HTMLButtonElement} */ (element);
}
