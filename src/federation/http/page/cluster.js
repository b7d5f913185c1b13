// The cluster on the page: who publishes, how far every replica has read, and every broker. The section stays hidden for a
// process on its own.

import { byId } from './dom.js';
import { span } from './format.js';
import { t } from './words.js';

/**
 * Shows the cluster of the live document.
 * @param {any} cluster null for a process on its own
 */
export function showCluster(cluster) {
  byId('cluster').hidden = cluster === null;
  if (cluster === null) return;
  showRows('cluster-replicas', cluster.replicas.map(replicaRow));
  showRows('cluster-shards', cluster.shards.map(shardRow));
  showRows('cluster-brokers', brokerRows(cluster.brokers));
}

/** @typedef {{ name: string, text: string, isWell: boolean }} Row */

/** @param {any} replica @returns {Row} */
function replicaRow({ replica, isSelf, isActive, isPublisher, isReady, heardAgoMs, progress }) {
  const isSilent = heardAgoMs >= SILENT_MS;
  const words = [
    isSilent
      ? t('cluster.silent', { span: span(heardAgoMs) })
      : t(isPublisher ? 'cluster.publishes' : isActive ? 'cluster.active' : 'cluster.standby'),
    t('cluster.applied', { n: progress }),
    isSilent || isReady ? null : t('cluster.not-ready'),
  ];
  return {
    name: isSelf ? t('cluster.self', { name: replica }) : replica,
    text: joined(words),
    isWell: isReady && !isSilent,
  };
}

/** A replica speaks every second. */
const SILENT_MS = 3_000;

/** @param {any} shard @returns {Row} */
function shardRow({ stream, splitter, upto, lagMs, isAway }) {
  const words = [
    isAway ? t('cluster.server-away') : t('cluster.behind', { span: span(lagMs) }),
    t('cluster.read-to', { n: upto }),
    splitter === null
      ? t('cluster.nobody')
      : t('cluster.split-by', { name: splitter.split('.')[0] ?? splitter }),
  ];
  return { name: stream, text: joined(words), isWell: !isAway && splitter !== null };
}

/**
 * Without a connection the replica knows of no server whether it is there.
 * @param {any[]} brokers
 * @returns {Row[]}
 */
function brokerRows(brokers) {
  const isReached = brokers.some(({ isConnected }) => isConnected);
  return brokers.map(({ name, version, isConnected, isAway, leads }) => {
    const state = t(
      !isReached
        ? 'cluster.not-reached'
        : isAway
          ? 'cluster.away'
          : isConnected
            ? 'cluster.connected'
            : 'cluster.there',
    );
    const words = [
      state,
      version === null ? null : `nats-server ${version}`,
      !isReached || leads.length === 0 ? null : t('cluster.leads', { names: leads.join(', ') }),
    ];
    return { name, text: joined(words), isWell: isReached && !isAway };
  });
}

/** @param {(string | null)[]} words */
function joined(words) {
  return words.filter((word) => word !== null).join(', ');
}

/**
 * Rows are changed in place, so that a selection of text survives.
 * @param {string} id
 * @param {Row[]} rows
 */
function showRows(id, rows) {
  const list = byId(id);
  while (list.children.length > rows.length) list.lastElementChild?.remove();
  rows.forEach(({ name, text, isWell }, index) => {
    const row = list.children[index] ?? list.appendChild(newRow());
    const [term, value] = row.children;
    if (term !== undefined && term.textContent !== name) term.textContent = name;
    if (value === undefined) return;
    if (value.textContent !== text) value.textContent = text;
    value.classList.toggle('bad', !isWell);
  });
}

function newRow() {
  const row = document.createElement('div');
  row.append(document.createElement('dt'), document.createElement('dd'));
  return row;
}
