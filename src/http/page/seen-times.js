// The cells with a time in `data-seen`: how long ago it was, with the time itself as the title. A cell with a reason in
// `data-why` has it in its title, too.

import { serverNowMs } from './api.js';
import { all, setText } from './dom.js';
import { ago, dateTime, whyAhead } from './format.js';

/** @param {string} id of the table */
export function showSeenTimes(id) {
  for (const cell of all(`#${id} [data-seen]`)) showSeenTime(cell);
}

/** The cells of a part that need not be on the page yet. @param {Element} part */
export function showSeenTimesIn(part) {
  for (const cell of all('[data-seen]', part)) showSeenTime(cell);
}

/** @param {HTMLElement} cell */
function showSeenTime(cell) {
  const seenAt = cell.dataset.seen ?? '';
  const agoMs = serverNowMs() - Date.parse(seenAt);
  setText(cell, ago(agoMs));
  const parts = [dateTime(seenAt), whyAhead(agoMs), cell.dataset.why ?? ''];
  const title = parts.filter((part) => part !== '').join(' ');
  if (cell.title !== title) cell.title = title;
}
