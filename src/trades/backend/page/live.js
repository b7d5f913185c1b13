// The live part of the page: what was received and refused, and whether these numbers can be trusted.

import { serverNowMs } from './api.js';
import { showText } from './dom.js';
import { ago, count, dateTime, span } from './format.js';
import { LiveDocument, showTexts } from './live-document.js';
import { reasonTexts } from './trust.js';

/** Outcomes that are no refusal. */
const TAKEN = new Set(['stored', 'repeated']);

/** The document of the feed. */
export const live = new LiveDocument({
  show,
  judge,
});

/** @param {any} latest the document */
function show(latest) {
  showTexts(texts());
  showText('version', latest.version);
}

function texts() {
  const { outcomes, lastReceivedAt } = live.latest;
  const refused = Object.entries(outcomes).filter(([name, number]) => !TAKEN.has(name) && number > 0);
  const nowMs = serverNowMs();
  return {
    uptime: span(nowMs - Date.parse(live.latest.startedAt)),
    summaries: count(live.latest.summaries),
    stored: count(outcomes.stored),
    repeated: count(outcomes.repeated),
    clients: count(live.latest.clients),
    lastReceived: lastReceivedAt == null ? 'Nothing yet' : ago(nowMs - Date.parse(lastReceivedAt)),
    lastReceivedAt: lastReceivedAt == null ? '' : dateTime(lastReceivedAt),
    refused: count(refused.reduce((sum, [, number]) => sum + Number(number), 0)),
    refusedWhy: refused
      .map(([name, number]) => `${name.replaceAll('_', ' ')} ${count(Number(number))}`)
      .join(', '),
  };
}

/** @param {any} latest @returns {import('./trust.js').Judgement} */
function judge(latest) {
  const { failing, warnings } = reasonTexts(latest.reasons);
  if (failing !== '') return ['not_ready', 'Not ready', `Summaries are not taken. ${failing}.`];
  return ['connected', 'Live', warnings === '' ? '' : `Note. ${warnings}.`];
}
