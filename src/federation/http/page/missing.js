// Shows messages that are missing from the numbers for good, until an operator acknowledges them. They are shown beside
// any other problem, because they make the numbers too low in any case.

import { byId, make } from './dom.js';
import { count, dateTime } from './format.js';

/** @typedef {{ outcome: 'lost' | 'shed' | 'quarantined', messages: number, firstFoundAt: string, lastFoundAt: string, meaning: string }} Listing */

const DONE = { lost: 'lost', shed: 'thrown away', quarantined: 'set aside' };

let shown = '';

/** @param {readonly Listing[]} listings of the document */
export function showMissing(listings) {
  // Without a change nothing is painted, and no screen reader announces anything.
  const now = JSON.stringify(listings);
  if (now === shown) return;
  shown = now;
  const place = byId('missing');
  if (listings.length === 0) {
    place.replaceChildren();
    return;
  }
  place.replaceChildren(
    ...listings.map((listing) => make('p', { 'data-outcome': listing.outcome }, ...textOf(listing))),
    make(
      'p',
      {},
      'To end this warning, an operator runs ',
      make('code', {}, './aggregator status --acknowledge'),
      '.',
    ),
  );
}

/** @param {Listing} listing @returns {(Node | string)[]} */
function textOf({ outcome, messages, firstFoundAt, lastFoundAt, meaning }) {
  const found =
    firstFoundAt === lastFoundAt
      ? `found at ${dateTime(firstFoundAt)}`
      : `found between ${dateTime(firstFoundAt)} and ${dateTime(lastFoundAt)}`;
  const what = `${count(messages)} ${messages === 1 ? 'message' : 'messages'} ${DONE[outcome]}`;
  return [make('strong', {}, what), `, ${found}, and missing from the numbers for good. ${meaning}`];
}
