// The own node on the page: its state, its part of the network, what waits, and the sources with their problems.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { byId, make, showText } from './dom.js';
import { ago, count, dateTime, percent, size, span, whyAhead } from './format.js';
import { mark, showTexts } from './live-document.js';
import { t, wordOf } from './words.js';

const GOOD = new Set(['read', 'reading', 'incomplete']);

/** @param {any} node the answer of `api/node` */
export function showNode(node) {
  const { counts, share, waiting, broker, join } = node;
  const nowMs = serverNowMs();
  const heartbeatMs = node.lastHeartbeatAt == null ? null : nowMs - Date.parse(node.lastHeartbeatAt);
  showTexts({
    uptime: span(nowMs - Date.parse(node.startedAt)),
    state: t(node.state === 'online' ? 'node.online' : 'node.offline'),
    stateWhy: stateWhy(node),
    heartbeat:
      heartbeatMs === null ? t('node.none-yet') : `${ago(heartbeatMs)} ${whyAhead(heartbeatMs)}`.trim(),
    broker: t(broker.connected ? 'node.connected' : 'node.away'),
    salt: t(`node.salt.${join.saltFrom ?? 'none'}`),
    tasks: count(counts.total),
    taskShare: shareText(share.tasks, 'tasks'),
    active: count(counts.active),
    completed: count(counts.completed),
    failed: count(counts.failed),
    invoices: count(counts.invoices),
    invoiceShare: shareText(share.invoices, 'invoices'),
    ...messageTexts(node),
    waiting: count(waiting.messages),
    waitingLimit: waiting.messages === 0 ? t('node.all-sent') : t('node.of-most', { n: waiting.limit }),
    completions: count(waiting.completions),
    rate: count(broker.ratePerMinute),
    behind: size(sum(node.sources.map((/** @type {any} */ { bytesBehind }) => bytesBehind))),
  });
  mark('state', node.state === 'online');
  mark('broker', broker.connected);
  mark('salt', join.saltFrom != null || !node.sharesTasks);
  showSources(node.sources);
  showCounts(node);
  showText('nodeId', node.nodeId);
  showText('version', node.version);
  byId('node-title').title = t('node.since', { at: dateTime(node.startedAt) });
}

/** @param {any} node */
function stateWhy({ enabled, sharesTasks, state }) {
  if (!enabled) return t('node.opted-out');
  if (state !== 'online') return t('node.no-source');
  return t(sharesTasks ? 'node.sources-read' : 'node.presence');
}

/** @param {number | null} share @param {'tasks' | 'invoices'} noun */
function shareText(share, noun) {
  return share == null ? t(`node.${noun}.unknown`) : t(`node.${noun}.share`, { share: percent(share) });
}

/** @param {any} node */
function messageTexts({ messages }) {
  const totalOf = (/** @type {string} */ outcome) =>
    sum(Object.values(messages).map((outcomes) => outcomes[outcome]));
  return {
    confirmed: count(totalOf('confirmed')),
    unconfirmed: count(totalOf('unconfirmed')),
    refused: count(totalOf('set_aside') + totalOf('forbidden')),
  };
}

let shownSources = '';

/** @param {readonly any[]} sources */
function showSources(sources) {
  const now = JSON.stringify(sources);
  if (now === shownSources) return;
  shownSources = now;
  const body = document.querySelector('#sources tbody');
  body?.replaceChildren(...sources.flatMap((source) => sourceRows(source)));
}

/** @param {any} source */
function sourceRows({ source, wanted, looksFor, files }) {
  const name = t(`src.name.${source}`);
  if (!wanted) return [messageRow(name, t('src.not-wanted'), true)];
  if (files.length === 0)
    return [messageRow(name, t('src.not-there', { files: looksFor.join(t('src.or')) }), false)];
  return files.map((/** @type {any} */ file) => {
    const text = t(`src.state.${file.state}`);
    const state = make(
      'td',
      { class: GOOD.has(file.state) ? '' : 'bad' },
      file.offset == null ? text : t('src.at-byte', { state: text, n: file.offset }),
    );
    return make(
      'tr',
      { 'data-row': file.name },
      make('th', { scope: 'row' }, file.name),
      make('td', { class: 'spare' }, name),
      state,
      make('td', { class: 'right spare' }, size(file.bytes)),
      make('td', { class: 'right' }, file.bytesBehind === 0 ? '–' : size(file.bytesBehind)),
    );
  });
}

/** @param {string} name @param {string} text @param {boolean} isGood */
function messageRow(name, text, isGood) {
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, name),
    make('td', { colspan: '4', class: isGood ? 'quiet' : 'bad' }, text),
  );
}

const FACTS = /** @type {const} */ (['queued', 'known', 'remembered']);

/** @param {any} node */
function showCounts({ facts, unread, sources, messages }) {
  showBars(
    byId('facts'),
    t('src.facts'),
    FACTS.map((name) => ({ label: t(`src.fact.${name}`), count: facts[name] })),
    '',
  );
  const unreadBars = unread
    .filter((/** @type {any} */ one) => one.count > 0)
    .map((/** @type {any} */ one) => ({ label: labelOf(one.source, one.reason), count: one.count }));
  showBars(byId('unread'), t('src.passed'), unreadBars, t('src.none'));
  const problems = sources.flatMap((/** @type {any} */ one) =>
    Object.entries(one.problems)
      .filter(([, number]) => number > 0)
      .map(([problem, number]) => ({ label: labelOf(one.source, problem), count: number })),
  );
  showBars(byId('problems'), t('src.problems'), problems, t('src.none'));
  const sent = Object.entries(messages).map(([type, outcomes]) => ({
    label: plain(type),
    name: wordOf(`src.message.${type}`, type),
    count: outcomes.confirmed,
  }));
  showBars(byId('messages'), t('src.confirmed'), sent, '');
}

/** @param {string} source @param {string} reason */
function labelOf(source, reason) {
  const key = `src.reason.${reason}`;
  return `${t(`src.name.${source}`)}: ${wordOf(key, reason)}`;
}

/** @param {string} word */
function plain(word) {
  return word.replaceAll('_', ' ');
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
