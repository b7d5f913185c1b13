// The large strip of one node. The pointer and the arrow keys read a cell: its span of time and its share. What the keys read
// is read aloud, too. The cells count observed time, which is taken for the time of the clock here.

import { serverNowMs } from './api.js';
import { byId, make, setText } from './dom.js';
import { percent, timeRange } from './format.js';
import { cellKind, strip, uptimeWords } from './node-parts.js';
import { t } from './words.js';

const KEYS = /** @type {Readonly<Record<string, number>>} */ ({
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
  Home: -Infinity,
  End: Infinity,
});

export class NodeStrip {
  /** @type {readonly (number | null)[]} */
  #cells = [];
  #windowMs = 0;
  #nowMs = 0;
  /** The cell that the keys read; null before the first. @type {number | null} */
  #at = null;

  start() {
    const place = byId('node-strip');
    place.addEventListener('pointermove', (event) => this.#read(this.#cellAt(event.clientX)));
    place.addEventListener('pointerdown', (event) => this.#read(this.#cellAt(event.clientX)));
    place.addEventListener('pointerleave', () => this.#hide());
    place.addEventListener('blur', () => this.#hide());
    place.addEventListener('keydown', (event) => {
      const step = KEYS[event.key];
      if (event.key === 'Escape') this.#hide();
      if (step === undefined || this.#cells.length === 0) return;
      event.preventDefault();
      const last = this.#cells.length - 1;
      this.#at = this.#at === null ? (step === -Infinity ? 0 : last) : clamp(this.#at + step, 0, last);
      setText(byId('node-strip-read'), this.#read(this.#at));
    });
  }

  /** Shows the strip of a window that ends now. @param {any} node @param {number} windowMs */
  show(node, windowMs) {
    const cells = node.strip ?? [];
    if (cells.length !== this.#cells.length || windowMs !== this.#windowMs) {
      this.#at = null;
      this.#hide();
    }
    this.#cells = cells;
    this.#windowMs = windowMs;
    this.#nowMs = serverNowMs();
    const place = byId('node-strip');
    place.setAttribute('aria-label', `${t('node.strip')}: ${uptimeWords(node.uptime)}`);
    const drawn = strip(cells, '');
    drawn.removeAttribute('role');
    drawn.removeAttribute('aria-label');
    drawn.setAttribute('aria-hidden', 'true');
    const shown = place.querySelector('svg');
    if (shown === null) place.prepend(drawn);
    else if (!shown.isEqualNode(drawn)) shown.replaceWith(drawn);
  }

  /** @param {number} x */
  #cellAt(x) {
    const { left, width } = byId('node-strip').getBoundingClientRect();
    const cell = Math.floor(((x - left) / Math.max(1, width)) * this.#cells.length);
    return clamp(cell, 0, this.#cells.length - 1);
  }

  /** Shows what a cell says, and returns it. @param {number} at */
  #read(at) {
    if (this.#cells.length === 0) return '';
    const share = this.#cells[at] ?? null;
    const cellMs = this.#windowMs / this.#cells.length;
    const fromMs = this.#nowMs - this.#windowMs + at * cellMs;
    const words =
      share === null ? t('nodes.not-observed') : t(`node.cell.${cellKind(share)}`, { share: percent(share) });
    const text = `${timeRange(fromMs, fromMs + cellMs)}: ${words}`;
    const place = byId('node-strip');
    const tip =
      place.querySelector('.tip') ?? place.appendChild(make('span', { class: 'tip', 'aria-hidden': 'true' }));
    setText(tip, text);
    const middle = ((at + 0.5) / this.#cells.length) * 100;
    if (tip instanceof HTMLElement) {
      tip.hidden = false;
      // It stays within the card: at the right half it stands to the left of its cell.
      tip.style.left = middle <= 50 ? `${middle}%` : '';
      tip.style.right = middle > 50 ? `${100 - middle}%` : '';
    }
    return text;
  }

  #hide() {
    const tip = byId('node-strip').querySelector('.tip');
    if (tip instanceof HTMLElement) tip.hidden = true;
  }
}

/** @param {number} value @param {number} least @param {number} most */
function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}
