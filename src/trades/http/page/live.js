// The live part of the page: jobs, delivery and program, and whether these numbers can be trusted.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { byId, setText, showText } from './dom.js';
import { ago, count, dateTime, rate, size, span } from './format.js';
import { LiveDocument, mark, showTexts } from './live-document.js';
import { showStack } from './state-stack.js';
import { reasonTexts } from './trust.js';

const STATUSES = ['collecting', 'processing', 'completed', 'failed'];
const DEMONSTRATION =
  'DEMONSTRATION: the summaries go to a backend that this program started on this machine, and to nobody else.';

/** The document of the feed. */
export const live = new LiveDocument({
  show,
  judge,
  paced: ({ jobs }) => jobs.taken,
});

/** @param {any} latest the document */
function show(latest) {
  const { outbox, database } = latest;
  setText(byId('demonstration'), latest.demonstration ? DEMONSTRATION : '');
  document.title = latest.demonstration ? 'DEMONSTRATION: Trades aggregator' : 'Trades aggregator';
  showTexts({ ...jobTexts(), ...outboxTexts(outbox), ...programTexts(database) });
  mark('deadLetters', outbox.deadLetters === 0);
  mark('database', database.problem == null);
  mark('lostFacts', database.lostFacts === 0);
  mark('failed', latest.jobs.failed === 0);
  showStack(
    'job-stack',
    STATUSES.map((status) => latest.jobs[status]),
  );
  showBars(byId('attempts'), 'Attempts', attemptBars(outbox.attempts), 'No delivery was tried yet.');
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
    jobs: count(STATUSES.reduce((sum, status) => sum + jobs[status], 0)),
    jobsLimit: count(jobs.limit),
    opened: count(jobs.opened),
    taken: count(jobs.taken),
    pace: trades === null ? '–' : rate(trades),
    repeated: count(jobs.repeated),
    notTaken: count(totalOf(jobs.notTaken)),
    held: `${size(jobs.heldBytes)} of ${size(jobs.heldBytesLimit)}`,
    folded: count(jobs.folded),
    sealing: count(jobs.sealing),
    connections: `${count(socket.connections)} of ${count(socket.connectionsLimit)}`,
    refusedConnections: count(socket.refusedConnections),
    frames: count(socket.frames),
    frameErrors: count(totalOf(socket.errors)),
    closed: count(totalOf(socket.closed)),
  };
}

/** @param {any} outbox */
function outboxTexts(outbox) {
  const last = outbox.lastDeliveredAt;
  return {
    waiting: count(outbox.waiting),
    outboxSize: `${size(outbox.heldBytes)} of ${size(outbox.bytesLimit)}`,
    oldest: outbox.waiting === 0 ? 'none' : span(outbox.oldestAgeSecs * 1000),
    underWay: count(outbox.underWay),
    deadLetters: count(outbox.deadLetters),
    replayed: count(outbox.replayed),
    delivered: count(outbox.delivered),
    lastDelivery: last == null ? 'None' : ago(serverNowMs() - Date.parse(last)),
  };
}

/** @param {any} database */
function programTexts(database) {
  const { accounts } = live.latest;
  return {
    database: database.problem == null ? size(database.sizeBytes) : 'In trouble',
    freeDisk: database.freeBytes == null ? 'unknown' : size(database.freeBytes),
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
  if (isLinked === null)
    return 'No account is polled: no enclave belongs to this service. Jobs work without one.';
  if (!isLinked)
    return total === 0 ? 'The enclave is away.' : 'The enclave is away; its accounts as they were last known';
  return total === 0 ? 'The enclave runs, and no account is registered.' : 'Polled by the enclave';
}

const ATTEMPTS = /** @type {const} */ ([
  ['delivered', 'delivered'],
  ['repeated', 'known already'],
  ['retried', 'tried again'],
  ['dead', 'refused'],
]);

/** @param {Readonly<Record<string, number>>} attempts */
function attemptBars(attempts) {
  return ATTEMPTS.flatMap(([name, label]) => {
    const number = attempts[name] ?? 0;
    return number === 0 ? [] : [{ label, count: number }];
  });
}

/** @param {Readonly<Record<string, number>>} counters */
function totalOf(counters) {
  return Object.values(counters).reduce((total, number) => total + number, 0);
}

/** @param {any} latest @returns {import('./trust.js').Judgement} */
function judge(latest) {
  const { failing, warnings } = reasonTexts(latest.reasons);
  if (failing !== '') return ['not_ready', 'Not ready', `The aggregator is not ready. ${failing}.`];
  if (warnings !== '') return ['warning', 'Live, with a warning', `Warning. ${warnings}.`];
  return ['connected', 'Live', ''];
}
