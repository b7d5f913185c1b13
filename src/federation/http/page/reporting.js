// Shows the share of tasks that only one node has reported.

import { getJson } from './api.js';
import { byId, setText } from './dom.js';
import { count, percent } from './format.js';

const REFRESH_MS = 60_000;

export function startReporting() {
  void load();
  setInterval(() => {
    if (!document.hidden) void load();
  }, REFRESH_MS);
}

async function load() {
  const reporting = await getJson('api/federation/reporting').catch(() => null);
  if (reporting === null) return;
  setText(byId('reporting'), reporting.share === null ? '–' : percent(reporting.share));
  setText(
    byId('reporting-of'),
    reporting.share === null
      ? 'No task older than a minute yet.'
      : `${count(reporting.single)} of the newest ${count(reporting.tasks)} tasks`,
  );
}
