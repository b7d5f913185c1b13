// The live part of the page: jobs, delivery and program, and whether these numbers can be trusted.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { byId, setText, showText } from './dom.js';
import { ago, count, dateTime, rate, size, span } from './format.js';
import { LiveDocument, mark, showTexts } from './live-document.js';
import { titleView } from './page-title.js';
import { showStack } from './state-stack.js';
import { reasonTexts } from './trust.js';
import { t } from './words.js';

const STATUSES = ['collecting', 'processing', 'completed', 'failed'];

/** The document of the feed. */
export const live = new LiveDocument({
  show,
  judge,
  paced: ({ jobs }) => jobs.taken,
});

/** @param {any} latest the document */
function show(latest) {
  const { outbox, database } = latest;
  setText(byId('demonstration'), latest.demonstration ? t('page.demonstration') : '');
  const title = t('page.title');
  titleView(latest.demonstration ? t('page.demonstration.title', { title }) : title);
  showTexts({ ...jobTexts(), ...outboxTexts(outbox), ...programTexts(database) });
  mark('deadLetters', outbox.deadLetters === 0);
  mark('database', database.problem == null);
  mark('lostFacts', database.lostFacts === 0);
  mark('failed', latest.jobs.failed === 0);
  showStack(
    'job-stack',
    STATUSES.map((status) => latest.jobs[status]),
  );
  showBars(byId('attempts'), t('delivery.attempts'), attemptBars(outbox.attempts), t('delivery.no-attempt'));
  setText(byId('backend-problem'), outbox.problem ?? '');
  showAccounts(latest.accounts);
  showText('backend', latest.backend);
  showText('keyId', latest.keyId);
  showText('version', latest.version);
  showText('startedAt', dateTime(latest.startedAt));
}

function jobTexts() {
  const { jobs, socket } = live.latest;
  const trades = live.perSecond();
  return {
    uptime: span(serverNowMs() - Date.parse(live.latest.startedAt)),
    ...Object.fromEntries(STATUSES.map((status) => [status, count(jobs[status])])),
    jobsNote: t('now.jobs-of', {
      n: STATUSES.reduce((sum, status) => sum + jobs[status], 0),
      limit: jobs.limit,
      opened: jobs.opened,
    }),
    taken: count(jobs.taken),
    paceNote: t('now.pace', { rate: trades === null ? '–' : rate(trades) }),
    repeated: count(jobs.repeated),
    notTaken: count(totalOf(jobs.notTaken)),
    held: t('delivery.of', { n: size(jobs.heldBytes), limit: size(jobs.heldBytesLimit) }),
    folded: count(jobs.folded),
    sealing: count(jobs.sealing),
    connections: t('delivery.of', { n: socket.connections, limit: socket.connectionsLimit }),
    refusedConnections: count(socket.refusedConnections),
    frames: count(socket.frames),
    frameErrors: count(totalOf(socket.errors)),
    closed: count(totalOf(socket.closed)),
  };
}

/** @param {any} outbox */
function outboxTexts(outbox) {
  const last = outbox.lastDeliveredAt;
  const oldest = outbox.waiting === 0 ? t('delivery.none') : span(outbox.oldestAgeSecs * 1000);
  return {
    waiting: count(outbox.waiting),
    outboxSize: t('delivery.of', { n: size(outbox.heldBytes), limit: size(outbox.bytesLimit) }),
    oldest,
    oldestNote: t('now.oldest', { span: oldest }),
    underWay: count(outbox.underWay),
    deadLetters: count(outbox.deadLetters),
    replayed: count(outbox.replayed),
    deliveredNote: t('now.delivered', { n: outbox.delivered }),
    lastDelivery: last == null ? t('now.no-delivery') : ago(serverNowMs() - Date.parse(last)),
  };
}

/** @param {any} database */
function programTexts(database) {
  const { accounts } = live.latest;
  return {
    database: database.problem == null ? size(database.sizeBytes) : t('program.trouble'),
    freeDisk: database.freeBytes == null ? t('program.unknown') : size(database.freeBytes),
    waitingFacts: count(database.waitingFacts),
    lostFacts: count(database.lostFacts),
    accountsOnline: count(accounts.online),
    accountsStale: count(accounts.stale),
    accountsOffline: count(accounts.offline),
  };
}

/** @param {any} accounts */
function showAccounts({ online, stale, offline, isLinked }) {
  const total = online + stale + offline;
  byId('accounts-counts').hidden = total === 0;
  byId('accounts-card').hidden = total === 0;
  setText(byId('accounts-note'), accountsText(total, isLinked ?? null));
}

/** @param {number} total @param {boolean | null} isLinked null if no enclave belongs to this service */
function accountsText(total, isLinked) {
  if (isLinked === null) return t('accounts.no-enclave');
  if (!isLinked) return t(total === 0 ? 'accounts.away' : 'accounts.away-known');
  return t(total === 0 ? 'accounts.empty' : 'accounts.polled');
}

const ATTEMPTS = /** @type {const} */ (['delivered', 'repeated', 'retried', 'dead']);

/** @param {Readonly<Record<string, number>>} attempts */
function attemptBars(attempts) {
  return ATTEMPTS.flatMap((name) => {
    const number = attempts[name] ?? 0;
    return number === 0 ? [] : [{ label: t(`delivery.attempt.${name}`), count: number }];
  });
}

/** @param {Readonly<Record<string, number>>} counters */
function totalOf(counters) {
  return Object.values(counters).reduce((total, number) => total + number, 0);
}

/** @param {any} latest @returns {import('./trust.js').Judgement} */
function judge(latest) {
  const { failing, warnings } = reasonTexts(latest.reasons);
  if (failing !== '')
    return ['not_ready', t('judge.not-ready'), t('judge.not-ready.why', { reasons: failing })];
  if (warnings !== '') return ['warning', t('judge.warned'), t('judge.warning', { reasons: warnings })];
  return ['connected', t('judge.live'), ''];
}
