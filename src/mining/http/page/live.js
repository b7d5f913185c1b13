// The live part of the page: machines, the best of this block, submissions and proofs, and whether these numbers can be
// trusted.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { byId, make, setText, showText } from './dom.js';
import { bytes, count, dateTime, exact, rate, span, writtenSize } from './format.js';
import { LiveDocument, mark, showTexts } from './live-document.js';
import { titleView } from './page-title.js';
import { showStack } from './state-stack.js';
import { reasonTexts } from './trust.js';
import { showUpstreams } from './upstreams.js';
import { t, wordOf } from './words.js';

let shownRefusals = '';

/** The document of the feed. */
export const live = new LiveDocument({
  show,
  judge,
  paced: ({ door }) => door.polls,
});

/** @param {any} latest the document */
function show(latest) {
  const { machines, statistics, door, desk, proofs } = latest;
  setText(byId('demonstration'), latest.demonstration ? t('page.demonstration') : '');
  const title = t('page.title');
  titleView(latest.demonstration ? t('page.demonstration.title', { title }) : title);
  showTexts({ ...nowTexts(), ...bestTexts(statistics.currentBlockBest), ...workTexts() });
  mark('unanswered', door.closedUnanswered === 0);
  mark('noAnswers', door.informationAnswers.none === 0);
  mark('refusedConnections', door.refusedConnections === 0);
  mark('database', latest.database.problem == null);
  showStack('machine-stack', [machines.online, machines.stale, machines.offline]);
  showBars(
    byId('verdicts'),
    t('work.verdicts'),
    counterBars(desk.verdicts, (name) => wordOf(`work.verdict.${name}`, name)),
    t('work.no-submission'),
  );
  showBars(
    byId('proof-outcomes'),
    t('work.proofs'),
    counterBars(proofs.outcomes, (name) => wordOf(`work.proof.${name}`, name)),
    t('work.no-proof'),
  );
  showUpstreams(latest.upstreams);
  showRefusals(statistics.refusals, statistics.refusalsTotal);
  showText(
    'serving',
    latest.upstreams.find((/** @type {any} */ each) => each.isActive)?.name ?? t('page.no-upstream'),
  );
  showText('version', latest.version);
  showText('startedAt', dateTime(latest.startedAt));
}

function nowTexts() {
  const { machines, statistics } = live.latest;
  const polls = live.perSecond();
  return {
    uptime: span(serverNowMs() - Date.parse(live.latest.startedAt)),
    online: count(machines.online),
    stale: count(machines.stale),
    offline: count(machines.offline),
    machinesNote: t('now.active-machines', {
      active: statistics.activeMachines,
      ever: statistics.uniqueMachines,
    }),
    accountsNote: t('now.accounts-of', { ever: statistics.uniqueMiners }),
    listedAccounts: count(statistics.listedAccounts),
    totalCapacity: writtenSize(statistics.totalCapacity),
    networkNote: t('now.of-network', { capacity: writtenSize(statistics.networkCapacity) }),
    currentHeight: statistics.networkCapacity === 'N/A' ? 'N/A' : exact(statistics.currentHeight),
    pollNote: t('now.polls', { rate: polls === null ? '–' : rate(polls) }),
  };
}

/** @param {any} best of the current block */
function bestTexts(best) {
  const isNone = best.bestPocTime == null;
  return {
    bestNote: isNone ? t('best.none') : t('best.height', { height: exact(best.height) }),
    bestPocTime: isNone ? '–' : `${exact(best.bestPocTime)} s`,
    bestRawQuality: isNone ? '–' : exact(best.bestRawQuality),
    bestAccountId: best.bestAccountId ?? '–',
    bestMachineId: best.bestMachineId ?? '–',
  };
}

function workTexts() {
  const { door, desk, proofs, database } = live.latest;
  return {
    proofsWaiting: t('work.of', { n: proofs.waiting, limit: proofs.waitingLimit }),
    proofsOldest: proofs.waiting === 0 ? '–' : span(proofs.oldestAgeSecs * 1000),
    proofWorkers: proofs.isOff
      ? t('work.not-checked')
      : t('work.busy', { n: proofs.busyWorkers, limit: proofs.workers }),
    proofsJoined: count(proofs.joined),
    overBudget: count(proofs.overBudgetAddresses),
    connections: t('work.of', { n: door.connections, limit: door.connectionsLimit }),
    refusedConnections: count(door.refusedConnections),
    badRequests: count(door.badRequests),
    unauthenticated: count(door.unauthenticated),
    oldAnswers: count(door.informationAnswers.old),
    noAnswers: count(door.informationAnswers.none),
    unverified: count(desk.answeredUnverified),
    unanswered: count(door.closedUnanswered),
    database: database.problem == null ? bytes(database.sizeBytes) : t('work.unwritable'),
  };
}

/** @param {readonly { accountId: string, text: string }[]} refusals @param {number} total */
function showRefusals(refusals, total) {
  // Without a change nothing is painted, so that text stays selected.
  const now = JSON.stringify([refusals, total]);
  if (now === shownRefusals) return;
  shownRefusals = now;
  const rest = total - refusals.length;
  setText(byId('refusals-note'), t(total === 0 ? 'work.none-refused' : 'work.refusals.note'));
  byId('refusals').replaceChildren(
    ...refusals.map(({ accountId, text }) =>
      make('li', {}, make('span', { class: 'mono' }, accountId), make('span', { class: 'words' }, text)),
    ),
    ...(rest > 0 ? [make('li', { class: 'quiet' }, t('work.more', { n: rest }))] : []),
  );
}

/** Steps on the way to a verdict: their counters say nothing of what is under way now. */
const STEPS = new Set(['checking', 'waiting']);

/** @param {Readonly<Record<string, number>>} counters @param {(name: string) => string} wordFor */
function counterBars(counters, wordFor) {
  return Object.entries(counters).flatMap(([label, number]) =>
    number === 0 || STEPS.has(label)
      ? []
      : [{ label: label.replaceAll('_', ' '), name: wordFor(label), count: number }],
  );
}

/** @param {any} latest @returns {import('./trust.js').Judgement} */
function judge(latest) {
  const { failing, warnings } = reasonTexts(latest.reasons);
  if (failing !== '')
    return ['not_ready', t('judge.not-ready'), t('judge.not-ready.why', { reasons: failing })];
  if (!latest.statistics.isComplete) return ['catching_up', t('judge.reading'), t('judge.reading.why')];
  const alarms = latest.upstreams.flatMap((/** @type {any} */ { name, alarms: texts }) =>
    texts.map((/** @type {string} */ text) => `${name}: ${text}`),
  );
  if (alarms.length > 0)
    return ['alarm', t('judge.operator'), t('judge.operator.why', { alarms: alarms.join('; ') })];
  const active = latest.upstreams.findIndex((/** @type {any} */ each) => each.isActive);
  if (active > 0)
    return [
      'fallback',
      t('judge.fallback'),
      t('judge.fallback.why', { name: latest.upstreams[active].name }),
    ];
  return ['connected', t('judge.live'), warnings === '' ? '' : t('judge.warning', { reasons: warnings })];
}
