// The cells of a table with a time in `data-seen`: how long ago it was, with the time itself as the title.

import { serverNowMs } from './api.js';
import { all, setText } from './dom.js';
import { ago, dateTime, whyAhead } from './format.js';

/** @param {string} id of the table */
export function showSeenTimes(id) {
  for (const cell of all(`#${id} [data-seen]`)) {
    const seenAt = cell.dataset.seen ?? '';
    const agoMs = serverNowMs() - Date.parse(seenAt);
    setText(cell, ago(agoMs));
    cell.title = `${dateTime(seenAt)} ${whyAhead(agoMs)}`.trim();
  }
}
