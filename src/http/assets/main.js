// The dashboard: one document, kept up to date by the live feed, shown by the parts beside.

import { onMissingKey, useKey } from './api.js';
import { showCharts, startCharts } from './charts.js';
import { byId } from './dom.js';
import { follow } from './feed.js';
import { showLive, showLost, startLive } from './live.js';
import { noteNodes, startNodes } from './nodes.js';
import { startReporting } from './reporting.js';
import { showStatistics, startStatistics } from './statistics.js';
import { startTheme } from './theme.js';

startTheme();
startKeyForm();
startStatistics();
startLive();
startCharts();
startNodes();
startReporting();
void follow({
  document(document) {
    showLive(document);
    showStatistics(document);
    showCharts(document);
    noteNodes(document);
  },
  lost: showLost,
});

function startKeyForm() {
  const form = byId('key-form');
  const input = /** @type {HTMLInputElement} */ (byId('key'));
  onMissingKey(() => {
    form.hidden = false;
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    useKey(input.value.trim());
    input.value = '';
    // Everything is asked again with the key.
    location.reload();
  });
}
