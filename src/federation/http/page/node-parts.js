// What the table of nodes, the pinned nodes and the page of a node have in common: the mark of a state, the strip, the link
// to the page of a node, and the button that pins it.

import { linkTo } from './address.js';
import { serverNowMs } from './api.js';
import { make, makeSvg } from './dom.js';
import { percent } from './format.js';
import { hasRoom, isPinned, ownName, togglePin } from './pins.js';
import { t } from './words.js';

/** The states of a node, the best first. */
export const STATES = ['online', 'stale', 'offline'];

/** What the id of a node looks like; there can be no node with another. */
export const NODE_ID = /^[A-Za-z0-9_-]{4,64}$/;

/** @type {number | null} */
let staleAfterMs = null;

/** Takes from the document of the feed what these parts say. @param {any} document */
export function noteParts(document) {
  staleAfterMs = document.staleAfterMs ?? null;
}

/** The buttons that pin a node act wherever they are. */
export function startPinButtons() {
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('[data-pin]') : null;
    if (button instanceof HTMLElement) togglePin(button.dataset.pin ?? '');
  });
}

/** The state with its mark. @param {string} state */
export function stateMark(state) {
  return make(
    'span',
    { class: `state ${state}` },
    make('i', { class: `mark ${state}` }),
    STATES.includes(state) ? t(`nodes.state.${state}`) : state,
  );
}

/** The link to the page of a node, with the user's own name behind it. @param {string} id */
export function nodeLink(id) {
  const name = ownName(id);
  const link = make('a', { href: linkTo(['node', id]), class: 'id', title: id, 'data-focus': id }, id);
  return name === '' ? [link] : [make('span', { class: 'own', title: name }, name), link];
}

/** @param {string} id */
export function pinButton(id) {
  const is = isPinned(id);
  const label = t('nodes.pin', { id });
  return make(
    'button',
    {
      type: 'button',
      class: 'pin',
      'data-pin': id,
      'data-focus': `pin ${id}`,
      'aria-pressed': String(is),
      'aria-label': label,
      title: t(is ? 'nodes.unpin' : hasRoom() ? 'nodes.pin.title' : 'nodes.pin.full'),
      ...(!is && !hasRoom() && { disabled: '' }),
    },
    is ? '★' : '☆',
  );
}

/**
 * Why a node is online although its last sign of life is old; empty if it is not. Silence counts in observed time alone.
 * @param {any} node
 */
export function whyOnline(node) {
  if (node.state !== 'online' || staleAfterMs === null) return '';
  const silentMs = serverNowMs() - Date.parse(node.lastSeenAt);
  return silentMs <= staleAfterMs ? '' : t('nodes.why-online', { n: Math.round(staleAfterMs / 1000) });
}

/** What the share of a cell is drawn as. @param {number | null} share */
export function cellKind(share) {
  if (share === null) return 'none';
  return share > 0.995 ? 'up' : share < 0.005 ? 'down' : 'part';
}

/** Draws the observed time of a window, the oldest at the left. @param {readonly (number | null)[]} cells @param {string} name */
export function strip(cells, name) {
  const svg = makeSvg('svg', {
    class: 'strip',
    viewBox: `0 0 ${Math.max(1, cells.length) * 4} 18`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': name,
  });
  // One path per colour, because a page of a hundred nodes has thousands of cells.
  const paths = new Map(['none', 'up', 'part', 'down'].map((kind) => [kind, '']));
  cells.forEach((share, index) => {
    const kind = cellKind(share);
    paths.set(kind, `${paths.get(kind)}M${index * 4} 0h3v18h-3z`);
  });
  for (const [kind, d] of paths) if (d !== '') svg.append(makeSvg('path', { class: kind, d }));
  return svg;
}

/** The uptime in words. @param {number | null} uptime */
export function uptimeWords(uptime) {
  return uptime === null ? t('nodes.not-observed') : t('nodes.up', { share: percent(uptime) });
}
