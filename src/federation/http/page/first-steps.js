// What to do while the aggregator has heard no node: how to connect a monitor, start an agent, simulate nodes.

import { byId, setText } from './dom.js';
import { t } from './words.js';

/** @param {any} document of the feed */
export function showFirstSteps({ nodes, messages, monitorUrl }) {
  byId('first').hidden = nodes.total > 0 || messages.received > 0;
  // A member that is null may be missing.
  setText(byId('first-address'), monitorUrl ?? t('first.own-broker'));
}
