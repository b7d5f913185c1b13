// Shows the share of tasks that only one node has reported.

import { getJson } from './api.js';
import { byId, setText } from './dom.js';
import { percent } from './format.js';
import { t } from './words.js';

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
      ? t('ingest.no-task')
      : t('ingest.reporting', { single: reporting.single, tasks: reporting.tasks }),
  );
}
