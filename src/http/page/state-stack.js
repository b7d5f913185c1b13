// The bar that shows how many of something are online, stale and offline.

import { all } from './dom.js';

/**
 * @param {string} id of the bar, which has a `span` for each state, in this order
 * @param {{ online: number, stale: number, offline: number, total: number }} counts
 */
export function showStack(id, { online, stale, offline, total }) {
  const parts = all(`#${id} span`);
  for (const [index, number] of [online, stale, offline].entries()) {
    const part = parts[index];
    if (part === undefined) throw new Error(`#${id} has too few parts`);
    part.style.width = `${total === 0 ? 0 : (number / total) * 100}%`;
  }
}
