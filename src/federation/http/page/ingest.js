// The ingest part of the page: what became of every message, and the health of reading and storing them.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { all, byId, showText } from './dom.js';
import { ago, bytes, count, dateTime, span } from './format.js';
import { showTexts } from './live-document.js';
import { t, wordOf } from './words.js';

/** @param {any} latest the document of the feed */
export function showIngest(latest) {
  const { ingest, messages } = latest;
  showTexts({
    received: count(messages.received),
    lag: span(ingest.lagMs),
    pending: count(ingest.pending),
    broker: t(latest.brokerConnected ? 'ingest.connected' : 'ingest.away'),
    mode: modeText(latest.mode),
    conserved: t(messages.conserved ? 'ingest.conserved' : 'ingest.not-conserved'),
    lost: count(messages.lost),
    inFlight: count(messages.inFlight),
    tick:
      latest.lastTickAt == null ? t('ingest.no-tick') : ago(serverNowMs() - Date.parse(latest.lastTickAt)),
    offset: offsetText(ingest.clockOffsetMs),
    size: bytes(ingest.databaseSizeBytes),
    clusterName: latest.cluster?.name ?? '–',
    clusterReplica: latest.cluster?.replica ?? '–',
  });
  mark('broker', latest.brokerConnected);
  mark('conserved', messages.conserved);
  mark('lost', messages.lost === 0);
  showBars(
    byId('outcomes'),
    t('ingest.outcomes'),
    counterBars(messages.outcomes, (name) => wordOf(`ingest.outcome.${name}`, name)),
    '',
  );
  showBars(
    byId('rejected'),
    t('ingest.rejected'),
    counterBars(messages.rejected, (name) => wordOf(`ingest.reason.${name}`, name)).filter(
      (bar) => bar.count > 0,
    ),
    t('ingest.none-rejected'),
  );
  showText('version', latest.version);
  showText('startedAt', dateTime(latest.startedAt));
}

/** @param {Readonly<Record<string, number>>} counters @param {(name: string) => string} wordFor */
function counterBars(counters, wordFor) {
  return Object.entries(counters).map(([label, number]) => ({
    label: label.replaceAll('_', ' '),
    name: wordFor(label),
    count: number,
  }));
}

/** @param {'jetstream' | 'core' | null} mode */
function modeText(mode) {
  if (mode === null) return t('ingest.no-mode');
  return mode === 'jetstream' ? 'JetStream' : t('ingest.plain');
}

/** @param {number | null} ms null until the aggregator has read a message live */
function offsetText(ms) {
  if (ms === null) return t('ingest.clock-unknown');
  if (Math.abs(ms) < 1000) return t('ingest.clock-same');
  return t(ms > 0 ? 'ingest.clock-ahead' : 'ingest.clock-behind', { span: span(Math.abs(ms)) });
}

/**
 * @param {string} name
 * @param {boolean} isGood
 */
function mark(name, isGood) {
  for (const element of all(`[data-live="${name}"]`)) {
    element.classList.toggle('good', isGood);
    element.classList.toggle('bad', !isGood);
  }
}
