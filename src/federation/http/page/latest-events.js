// The newest events, on the dashboard. The page for the public does not show them.

import { isDashboard } from './address.js';
import { getJson } from './api.js';
import { byId, make } from './dom.js';
import { eventParts } from './event-words.js';
import { morph } from './morph.js';
import { onPins } from './pins.js';
import { IS_PUBLIC } from './public.js';
import { showSeenTimesIn } from './seen-times.js';
import { TableRefresh } from './table-refresh.js';
import { t } from './words.js';

const SHOWN = 5;
const refreshes = new TableRefresh();
/** @type {any[]} */
let latest = [];

export function startLatestEvents() {
  if (IS_PUBLIC) return;
  onPins(show);
  setInterval(() => {
    if (!isDashboard()) return;
    showSeenTimesIn(byId('latest-events'));
    if (refreshes.isDue()) void load();
  }, 1000);
  void load();
}

/**
 * What befalls the aggregator shows soon. Nodes come and go all the time, and an answer has a hundred events, so theirs wait
 * for the next turn.
 * @param {any} document of the feed
 */
export function noteLatestEvents({ status, brokerConnected, missing, drift }) {
  refreshes.note([status, brokerConnected, missing, drift]);
}

async function load() {
  refreshes.loading();
  try {
    latest = (await getJson('api/federation/events-log')).events.slice(0, SHOWN);
    show();
  } catch {
    // The next refresh loads again.
  }
}

function show() {
  const items = latest.map((event) =>
    make(
      'li',
      { 'data-event': String(event.id) },
      ...eventParts(event),
      make('span', { class: 'ago quiet', 'data-seen': event.at }),
    ),
  );
  const list = make('ul', { id: 'latest-events', class: 'events' });
  list.append(...(items.length === 0 ? [make('li', { class: 'quiet' }, t('events.none'))] : items));
  showSeenTimesIn(list);
  morph(byId('latest-events'), list);
}
