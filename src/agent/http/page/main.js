// The Network page. Statistics come over the WebSocket, everything else is polled; the files beside this one show it.

import { getJson, noteServerTime, serverNowMs } from './api.js';
import { byId, make, setText } from './dom.js';
import { statusOf } from './feed.js';
import { LiveDocument } from './live-document.js';
import { latestNetwork, showAge, showPeriods, startNetwork, takeNetwork } from './network.js';
import { followNetwork } from './network-feed.js';
import { showNode } from './node.js';
import { noticesOf } from './notices.js';
import { startFrame } from './page-frame.js';
import { titleView } from './page-title.js';
import { t } from './words.js';

const POLL_MS = 2_000;

/** The notices that are shown, as text: without a change no screen reader announces anything. */
let shownNotices = '';

const live = new LiveDocument({
  show(node) {
    showNode(node);
    showPeriods(node);
    showAge();
    setText(byId('demonstration'), node.demonstration ? t('page.demonstration') : '');
    const title = t('page.title');
    titleView(node.demonstration ? t('page.demonstration.title', { title }) : title);
    showNotices(notices(node).slice(1));
  },
  judge: (node) => notices(node)[0] ?? ['connected', t('notice.live'), ''],
});

/** @param {any} node */
function notices(node) {
  return noticesOf(node, latestNetwork(), serverNowMs());
}

/** @param {readonly import('./trust.js').Judgement[]} rest of the notices: the gravest is announced by itself */
function showNotices(rest) {
  const now = JSON.stringify(rest);
  if (now === shownNotices) return;
  shownNotices = now;
  byId('notices').replaceChildren(
    ...rest.map(([name, , sentence]) => make('p', { 'data-notice': name }, sentence)),
  );
}

async function poll() {
  try {
    const node = await getJson('api/node');
    noteServerTime(Date.parse(node.at));
    live.take(node);
  } catch (error) {
    live.lose(statusOf(error));
  } finally {
    setTimeout(() => void poll(), POLL_MS);
  }
}

startFrame();
startNetwork();
live.start();
followNetwork(takeNetwork);
void poll();
