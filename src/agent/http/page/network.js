// The statistics of the network on the page: the numbers and distributions of the chosen period, whether they are genuine,
// and how old they are.

import { serverNowMs } from './api.js';
import { bindChoice } from './choice.js';
import { byId, setText } from './dom.js';
import { ago, dateTime, whyAhead } from './format.js';
import { showMetrics } from './metric-elements.js';
import { NAMES } from './names.js';
import { networkOf } from './network-feed.js';
import { VOCABULARIES } from './vocabulary.js';
import { t } from './words.js';

const POLL_MS = 5_000;

/** What the address or the user asks for. */
let chosen = 'all';
/** The shorter periods that the agent knows. @type {readonly string[]} */
let known = [];
/** The latest statistics of all time; null before they were asked. @type {any} */
let latest = null;
/** Those of a shorter period, if one is chosen. @type {any} */
let shorter = null;

/** The latest statistics of all time; null before they were asked. */
export function latestNetwork() {
  return latest;
}

export function startNetwork() {
  bindChoice('period', 'period', (value) => {
    chosen = value;
    showOther();
  });
  setInterval(() => void load(), POLL_MS);
}

/** @param {any} statistics of all time */
export function takeNetwork(statistics) {
  latest = statistics;
  show();
}

/** Shows which shorter periods there are; without any, there is nothing to choose. @param {any} node */
export function showPeriods({ periods }) {
  const group = byId('period');
  const before = period();
  known = periods;
  group.hidden = periods.length === 0;
  for (const input of group.querySelectorAll('input')) {
    input.disabled = input.value !== 'all' && !periods.includes(input.value);
    input.checked = input.value === period();
  }
  if (period() !== before) showOther();
}

/** The period that is shown: all time until the chosen one is known. */
function period() {
  return known.includes(chosen) ? chosen : 'all';
}

function showOther() {
  shorter = null;
  void load();
  show();
}

/** Shows the age, which passes without new statistics. */
export function showAge() {
  const shown = current();
  const isKnown = shown !== null && shown.status !== 'awaiting_data';
  const agoMs = isKnown ? serverNowMs() - Date.parse(shown.timestamp) : 0;
  setText(
    byId('published'),
    isKnown ? t('net.published', { ago: ago(agoMs), why: whyAhead(agoMs) }).trim() : t('net.none'),
  );
  byId('published').title = isKnown ? dateTime(shown.timestamp) : '';
}

async function load() {
  const asked = period();
  if (asked === 'all') return;
  const answer = await networkOf(asked).catch(() => null);
  if (asked !== period() || answer === null) return;
  shorter = answer;
  show();
}

function current() {
  return period() === 'all' ? latest : shorter;
}

function show() {
  const shown = current();
  const isKnown = shown !== null && shown.status !== 'awaiting_data';
  showMetrics(isKnown ? shown : null, VOCABULARIES, NAMES);
  const genuine = byId('genuine');
  const isSigned = isKnown && shown.signature === 'valid';
  genuine.dataset.signature = isKnown ? shown.signature : 'unknown';
  setText(genuine, isKnown ? trustText(isSigned, shown.aggregatorId) : '');
  showAge();
}

/** @param {boolean} isSigned @param {string} by the aggregator; empty if it has no name */
function trustText(isSigned, by) {
  if (by === '') return t(isSigned ? 'net.genuine' : 'net.unsigned');
  return t(isSigned ? 'net.genuine.by' : 'net.unsigned.by', { by });
}
