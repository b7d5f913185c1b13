// The own node on the page: its state, its part of the network, what waits, and the sources with their problems.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { byId, make, showText } from './dom.js';
import { ago, count, dateTime, percent, size, span, whyAhead } from './format.js';
import { mark, showTexts } from './live-document.js';

const SALTS = { setting: 'From the settings', join: 'From the aggregator', kept: 'Kept from before' };
const FILE_STATES = {
  read: 'Read to its end',
  reading: 'Being read',
  incomplete: 'Incomplete, waits',
  damaged: 'Damaged',
  unreadable: 'Cannot be read',
};
const GOOD = new Set(['read', 'reading', 'incomplete']);
const SOURCES = { events: 'Events', logs: 'Log' };
const REASONS = {
  other: 'other kinds',
  invalid: 'without an id',
  too_long: 'too long',
  metrics_unclear: 'unclear metrics',
};

/** @param {any} node the answer of `api/node` */
export function showNode(node) {
  const { counts, share, waiting, broker, join } = node;
  const nowMs = serverNowMs();
  const heartbeatMs = node.lastHeartbeatAt == null ? null : nowMs - Date.parse(node.lastHeartbeatAt);
  showTexts({
    uptime: span(nowMs - Date.parse(node.startedAt)),
    state: node.state === 'online' ? 'Online' : 'Offline',
    stateWhy: stateWhy(node),
    heartbeat: heartbeatMs === null ? 'None yet' : `${ago(heartbeatMs)} ${whyAhead(heartbeatMs)}`.trim(),
    broker: broker.connected ? 'Connected' : 'Away',
    salt: join.saltFrom == null ? 'None' : SALTS[/** @type {keyof typeof SALTS} */ (join.saltFrom)],
    tasks: count(counts.total),
    taskShare: shareText(share.tasks, 'tasks'),
    active: count(counts.active),
    completed: count(counts.completed),
    failed: count(counts.failed),
    invoices: count(counts.invoices),
    invoiceShare: shareText(share.invoices, 'invoices'),
    ...messageTexts(node),
    waiting: count(waiting.messages),
    waitingLimit: waiting.messages === 0 ? 'Everything is sent' : `Of at most ${count(waiting.limit)}`,
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
  byId('node-title').title = `The agent runs since ${dateTime(node.startedAt)}`;
}

/** @param {any} node */
function stateWhy({ enabled, sharesTasks, state }) {
  if (!enabled) return 'Opted out: nothing is sent';
  if (state !== 'online') return 'No source can be read';
  return sharesTasks ? 'Its sources can be read' : 'Shares its presence only';
}

/** @param {number | null} share @param {string} noun */
function shareText(share, noun) {
  return share == null
    ? `The network's ${noun} are not known yet`
    : `${percent(share)} of the network's ${noun}`;
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
  const name = SOURCES[/** @type {keyof typeof SOURCES} */ (source)];
  if (!wanted) return [messageRow(name, 'No file is wanted: its setting is empty', true)];
  if (files.length === 0) return [messageRow(name, `No file is there: ${looksFor.join(' or ')}`, false)];
  return files.map((/** @type {any} */ file) => {
    const text = FILE_STATES[/** @type {keyof typeof FILE_STATES} */ (file.state)];
    const state = make(
      'td',
      { class: GOOD.has(file.state) ? '' : 'bad' },
      file.offset == null ? text : `${text} at byte ${count(file.offset)}`,
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

const FACTS = /** @type {const} */ ([
  ['queued', 'to be sent'],
  ['known', 'known already'],
  ['remembered', 'only remembered'],
]);

/** @param {any} node */
function showCounts({ facts, unread, sources, messages }) {
  showBars(
    byId('facts'),
    'Facts found',
    FACTS.map(([name, label]) => ({ label, count: facts[name] })),
    '',
  );
  const unreadBars = unread
    .filter((/** @type {any} */ one) => one.count > 0)
    .map((/** @type {any} */ one) => ({ label: labelOf(one.source, one.reason), count: one.count }));
  showBars(byId('unread'), 'Records passed over', unreadBars, 'None since the start.');
  const problems = sources.flatMap((/** @type {any} */ one) =>
    Object.entries(one.problems)
      .filter(([, number]) => number > 0)
      .map(([problem, number]) => ({ label: labelOf(one.source, problem), count: number })),
  );
  showBars(byId('problems'), 'Problems of files', problems, 'None since the start.');
  const sent = Object.entries(messages).map(([type, outcomes]) => ({
    label: plain(type),
    count: outcomes.confirmed,
  }));
  showBars(byId('messages'), 'Messages confirmed', sent, '');
}

/** @param {string} source @param {string} reason */
function labelOf(source, reason) {
  const name = SOURCES[/** @type {keyof typeof SOURCES} */ (source)];
  return `${name}: ${REASONS[/** @type {keyof typeof REASONS} */ (reason)] ?? plain(reason)}`;
}

/** @param {string} word */
function plain(word) {
  return word.replaceAll('_', ' ');
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
