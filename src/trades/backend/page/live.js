// The live part of the page: what was received and refused, and whether these numbers can be trusted.

import { serverNowMs } from './api.js';
import { all, setText, showText } from './dom.js';
import { ago, count, dateTime, span } from './format.js';
import { judgeLost, LOADING, showTrust } from './trust.js';

/** Outcomes that are no refusal. */
const TAKEN = new Set(['stored', 'repeated']);

/** The document. A patch removes a member that becomes null, so a member without a value may be missing. @type {any} */
let latest = null;
let isLost = false;
/** @type {number | null} */
let lostStatus = null;

/** Updates the relative times every second, also without a new document. */
export function startLive() {
  setInterval(show, 1000);
}

/** @param {any} document of the feed */
export function showLive(document) {
  latest = document;
  isLost = false;
  show();
}

/** @param {number | null} status HTTP status of the failed answer; null if there was no answer */
export function showLost(status) {
  isLost = true;
  lostStatus = status;
  show();
}

function show() {
  showTrust(judge());
  if (latest === null) return;
  for (const [name, text] of Object.entries(texts()))
    for (const element of all(`[data-live="${name}"]`)) setText(element, text);
  showText('version', latest.version);
}

function texts() {
  const { outcomes, lastReceivedAt } = latest;
  const refused = Object.entries(outcomes).filter(([name, number]) => !TAKEN.has(name) && number > 0);
  const nowMs = serverNowMs();
  return {
    uptime: span(nowMs - Date.parse(latest.startedAt)),
    summaries: count(latest.summaries),
    stored: count(outcomes.stored),
    repeated: count(outcomes.repeated),
    clients: count(latest.clients),
    lastReceived: lastReceivedAt == null ? 'Nothing yet' : ago(nowMs - Date.parse(lastReceivedAt)),
    lastReceivedAt: lastReceivedAt == null ? '' : dateTime(lastReceivedAt),
    refused: count(refused.reduce((sum, [, number]) => sum + Number(number), 0)),
    refusedWhy: refused
      .map(([name, number]) => `${name.replaceAll('_', ' ')} ${count(Number(number))}`)
      .join(', '),
  };
}

/** @returns {import('./trust.js').Judgement} */
function judge() {
  if (isLost) return judgeLost(lostStatus, latest?.at ?? null);
  if (latest === null) return LOADING;
  /** @type {{ component: string, ok: boolean, reason: string }[]} */
  const reasons = latest.reasons;
  const say = (/** @type {boolean} */ isOk) =>
    reasons
      .filter(({ ok }) => ok === isOk)
      .map(({ component, reason }) => `${component}: ${reason}`)
      .join('; ');
  const [failing, warnings] = [say(false), say(true)];
  if (failing !== '') return ['not_ready', 'Not ready', `Summaries are not taken. ${failing}.`];
  return ['connected', 'Live', warnings === '' ? '' : `Note. ${warnings}.`];
}
