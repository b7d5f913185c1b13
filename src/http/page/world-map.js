// A map of the world with a dot for each cell of a grid; the area of a dot grows with its count. The outline is in
// world.js. It knows nothing but latitude, longitude and count.

import { make, makeSvg } from './dom.js';
import { count } from './format.js';
import { t } from './words.js';
import { LAND } from './world.js';

/** A cell by the point in its middle, in degrees. @typedef {{ latitude: number, longitude: number, label: string, count: number }} Cell */

/** Without the ice in the south, where no cell is. */
const VIEW = '0 8 720 296';
const RADIUS_MAX = 14;
const RADIUS_MIN = 3;

/**
 * Shows the cells; without one the place is empty.
 * @param {HTMLElement} place
 * @param {readonly Cell[]} cells
 */
export function showMap(place, cells) {
  const key = JSON.stringify(cells);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  if (cells.length === 0) {
    place.replaceChildren();
    return;
  }
  const most = Math.max(...cells.map((cell) => cell.count));
  const svg = makeSvg('svg', {
    class: 'map',
    viewBox: VIEW,
    role: 'img',
    'aria-label': t('map.label', { n: cells.length }),
  });
  svg.append(makeSvg('path', { class: 'land', d: LAND }));
  // Large dots first, so that a small one beside them can be seen and pointed at.
  for (const cell of cells.toSorted((a, b) => b.count - a.count)) {
    const dot = makeSvg('circle', {
      class: 'cell',
      cx: String((cell.longitude + 180) * 2),
      cy: String((90 - cell.latitude) * 2),
      r: String(Math.max(RADIUS_MIN, RADIUS_MAX * Math.sqrt(cell.count / most))),
    });
    const title = makeSvg('title', {});
    title.textContent = `${cell.label}: ${count(cell.count)}`;
    dot.append(title);
    svg.append(dot);
  }
  place.replaceChildren(svg, make('p', { class: 'quiet small' }, t('map.source')));
}

/**
 * The cells of labels such as `48.0,11.5`, the latitude and longitude of the south-west corner; other labels are no cell.
 * @param {Readonly<Record<string, number>>} distribution
 * @param {number} degrees the width and height of a cell
 * @returns {Cell[]}
 */
export function cellsOf(distribution, degrees) {
  return Object.entries(distribution).flatMap(([label, number]) => {
    const [latitude, longitude, ...rest] = label.split(',').map(Number);
    if (latitude === undefined || longitude === undefined || rest.length > 0) return [];
    if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return [];
    const middle = degrees / 2;
    return [{ latitude: latitude + middle, longitude: longitude + middle, label, count: number }];
  });
}
