// A bar that shows how many of something are in each state.

import { all } from './dom.js';

/**
 * @param {string} id of the bar, which has a `span` for each state, in this order
 * @param {readonly number[]} counts
 */
export function showStack(id, counts) {
  const total = counts.reduce((sum, number) => sum + number, 0);
  const parts = all(`#${id} span`);
  for (const [index, number] of counts.entries()) {
    const part = parts[index];
    if (part === undefined) throw new Error(`#${id} has too few parts`);
    part.style.width = `${total === 0 ? 0 : (number / total) * 100}%`;
  }
}
