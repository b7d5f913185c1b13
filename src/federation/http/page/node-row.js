// The row of a node, in the table of all nodes and in that of the pinned ones.

import * as address from './address.js';
import { make } from './dom.js';
import { count, date, dateTime, percent } from './format.js';
import { nodeLink, pinButton, stateMark, strip, uptimeWords, whyOnline } from './node-parts.js';
import { t } from './words.js';

/** Number of cells in the strip of a row. */
export const ROW_CELLS = 48;

/** @param {any} node */
export function nodeRow(node) {
  const why = whyOnline(node);
  const { nodeId } = node;
  return make(
    'tr',
    { 'data-node': nodeId },
    make('th', { scope: 'row' }, make('span', { class: 'who' }, pinButton(nodeId), ...nodeLink(nodeId))),
    make(
      'td',
      { class: 'now-state' },
      stateMark(node.state),
      ...(node.authenticated
        ? [make('span', { class: 'signed', title: t('nodes.signed.title') }, t('nodes.signed'))]
        : []),
    ),
    make(
      'td',
      { class: 'right seen' },
      make('span', { 'data-seen': node.lastSeenAt, ...(why !== '' && { 'data-why': why }) }),
      ...(why === '' ? [] : [' ', make('span', { class: 'why' }, t('nodes.not-observed-since'))]),
    ),
    make('td', { class: 'wide day' }, strip(node.strip ?? [], uptimeWords(node.uptime))),
    make('td', { class: 'right up' }, node.uptime === null ? '–' : percent(node.uptime)),
    make('td', { class: 'right spare roomy' }, count(node.heartbeats)),
    make('td', { class: 'right spare roomy', title: dateTime(node.firstSeenAt) }, date(node.firstSeenAt)),
  );
}

/**
 * A click on a row opens the page of its node; one on a link or a button in it does what that says, and one that ends a
 * selection of text does nothing.
 * @param {HTMLElement} table
 */
export function openRows(table) {
  table.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element) || target.closest('a, button') !== null) return;
    const row = target.closest('tr[data-node]');
    if (!(row instanceof HTMLElement) || getSelection()?.isCollapsed === false) return;
    address.go(['node', row.dataset.node ?? '']);
  });
}
