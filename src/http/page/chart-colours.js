// The colours of the charts. Charts are painted on a canvas, which understands neither the page's variables nor
// light-dark(), so the browser resolves each colour on an element. With forced colours they are the system's.

import { make } from './dom.js';

/** What is painted, by the page's colour and, with forced colours, the system's. */
const COLOURS = /** @type {const} */ ({
  text: ['--text', 'CanvasText'],
  quiet: ['--quiet', 'CanvasText'],
  grid: ['--line', 'GrayText'],
  line: ['--accent', 'CanvasText'],
  gap: ['--track', 'GrayText'],
  mark: ['--stale-text', 'Highlight'],
  card: ['--card', 'Canvas'],
  online: ['--online', 'CanvasText'],
  stale: ['--stale', 'CanvasText'],
  offline: ['--offline', 'CanvasText'],
});
const TILE_PX = 8;

/** @typedef {Readonly<Record<keyof typeof COLOURS | 'soft', string>> & { readonly isForced: boolean }} Colours */

/** The colours now; those of paper are the light ones. @param {boolean} isPaper @returns {Colours} */
export function chartColours(isPaper) {
  const isForced = matchMedia('(forced-colors: active)').matches;
  const style = getComputedStyle(document.body);
  const probe = make('span');
  probe.style.setProperty('forced-color-adjust', 'none');
  if (isPaper) probe.style.colorScheme = 'light';
  document.body.append(probe);
  const entries = Object.entries(COLOURS).map(([name, [variable, system]]) => {
    probe.style.color = isForced ? system : style.getPropertyValue(variable);
    return [name, getComputedStyle(probe).color];
  });
  // Areas let the line of the span before, and the grid, shine through.
  probe.style.color = `color-mix(in srgb, ${style.getPropertyValue('--accent')} 18%, transparent)`;
  const soft = getComputedStyle(probe).color;
  probe.remove();
  return { ...Object.fromEntries(entries), soft, isForced };
}

/**
 * A pattern, so that areas differ without colour too: stripes for stale, dots for offline, and for online none.
 * @param {CanvasRenderingContext2D} context
 * @param {'online' | 'stale' | 'offline' | 'gap'} kind
 * @param {string} colour
 * @param {number} ratio pixels of the canvas for one of the page
 */
export function pattern(context, kind, colour, ratio) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(TILE_PX * ratio);
  const brush = tile.getContext('2d');
  if (brush === null) return colour;
  brush.scale(tile.width / TILE_PX, tile.height / TILE_PX);
  brush.fillStyle = brush.strokeStyle = colour;
  brush.globalAlpha = kind === 'gap' ? 0.9 : 0.35;
  if (kind === 'online') brush.fillRect(0, 0, TILE_PX, TILE_PX);
  else if (kind === 'offline') {
    brush.fillRect(1, 1, 2, 2);
    brush.fillRect(5, 5, 2, 2);
  } else {
    brush.lineWidth = kind === 'gap' ? 1 : 2;
    brush.beginPath();
    for (const shift of [-TILE_PX, 0, TILE_PX]) {
      brush.moveTo(shift - 1, TILE_PX + 1);
      brush.lineTo(shift + TILE_PX + 1, -1);
    }
    brush.stroke();
  }
  return context.createPattern(tile, 'repeat') ?? colour;
}
