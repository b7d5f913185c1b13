// Shows messages that are missing from the numbers for good, until an operator acknowledges them. They are shown beside
// any other problem, because they make the numbers too low in any case.

import { byId, make } from './dom.js';
import { dateTime } from './format.js';
import { t } from './words.js';

/** @typedef {{ outcome: 'lost' | 'shed' | 'quarantined', messages: number, firstFoundAt: string, lastFoundAt: string, meaning: string }} Listing */

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
    make('p', {}, `${t('missing.end')} `, make('code', {}, './aggregator status --acknowledge'), '.'),
  );
}

/** @param {Listing} listing @returns {(Node | string)[]} */
function textOf({ outcome, messages, firstFoundAt, lastFoundAt, meaning }) {
  const found =
    firstFoundAt === lastFoundAt
      ? t('missing.found-at', { at: dateTime(firstFoundAt) })
      : t('missing.found-between', { from: dateTime(firstFoundAt), to: dateTime(lastFoundAt) });
  // The aggregator's own sentence is English in every language.
  const why = make('span', { lang: 'en' }, meaning);
  return [make('strong', {}, t(`missing.${outcome}`, { n: messages })), `${found} `, why];
}
