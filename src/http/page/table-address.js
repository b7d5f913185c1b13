// What is asked of a table, in the address of the page: its search, order, page and filters, each with the name of the table
// in front of it if the page has several tables. A value that is the default is left out.

import * as address from './address.js';

/** What is asked for, each value as text; `page` is from 1. @typedef {Readonly<Record<string, string>> & { q: string, sort: string, page: string }} Values */

export class TableAddress {
  /** @readonly */ #path;
  /** @readonly */ #prefix;
  /** @readonly */ #defaults;
  /** @readonly */ #isAllowed;

  /**
   * @param {string} path the first part of the path under which the table is shown; empty for the start
   * @param {string} prefix of its parameters
   * @param {Values} defaults
   * @param {(name: string, value: string) => boolean} isAllowed whether the table knows this value
   */
  constructor(path, prefix, defaults, isAllowed) {
    this.#path = path;
    this.#prefix = prefix;
    this.#defaults = defaults;
    this.#isAllowed = isAllowed;
  }

  /** Whether the address is that of the view with the table. */
  get isHere() {
    return (address.pathParts()[0] ?? '') === this.#path;
  }

  /** What the address asks for. @returns {Values} */
  read() {
    const values = Object.entries(this.#defaults).map(([name, standard]) => {
      const value = address.get(this.#prefix + name);
      return [name, value !== null && this.#isAllowed(name, value) ? value : standard];
    });
    return Object.fromEntries(values);
  }

  /** Asks for something else, and tells the listeners of the address. @param {Readonly<Record<string, string>>} change @param {boolean} replace */
  write(change, replace) {
    const values = Object.entries(change).map(([name, value]) => [
      this.#prefix + name,
      value === this.#defaults[name] ? null : value,
    ]);
    address.set(Object.fromEntries(values), { replace });
  }
}
