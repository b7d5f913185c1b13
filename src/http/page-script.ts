// The page's script, as text: the image serves it from memory, and no build step has to copy it. It writes only
// `textContent` and attribute values, never HTML: labels come from strangers.

/** Served at `/page.js`. */
export const PAGE_SCRIPT = `const REFRESH_MS = 5000;
const PATIENCE_MS = 4000;

const statusLine = document.getElementById('status');
const period = document.getElementById('period');
let answered = false;

async function getJson(address) {
  const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-store' });
  const atMs = Date.parse(response.headers.get('date') ?? '') || Date.now();
  return { ok: response.ok, atMs, body: await response.json() };
}

function say(status, text) {
  statusLine.dataset.status = status;
  if (statusLine.textContent !== text) statusLine.textContent = text;
  document.body.classList.toggle('dimmed', status !== 'connected');
}

function showNumbers(statistics, awaiting) {
  for (const element of document.querySelectorAll('[data-metric]')) {
    const value = statistics[element.dataset.metric];
    element.value = String(value);
    element.textContent = awaiting ? '–' : Number(value).toLocaleString('en-US');
  }
}

function showDistributions(statistics) {
  for (const table of document.querySelectorAll('[data-distribution]')) {
    const entries = Object.entries(statistics[table.dataset.distribution] ?? {});
    const total = entries.reduce((sum, [, count]) => sum + count, 0);
    const rows = entries.map(([label, count]) => {
      const row = document.createElement('tr');
      const name = document.createElement('th');
      name.scope = 'row';
      name.textContent = label;
      const number = document.createElement('td');
      number.textContent = Number(count).toLocaleString('en-US');
      const bar = document.createElement('td');
      const meter = document.createElement('progress');
      meter.max = total || 1;
      meter.value = count;
      meter.setAttribute('aria-hidden', 'true');
      bar.append(meter);
      row.append(name, number, bar);
      return row;
    });
    table.tBodies[0].replaceChildren(...rows);
    table.classList.toggle('empty', entries.length === 0);
  }
}

function showText(name, text) {
  for (const element of document.querySelectorAll('[data-text="' + name + '"]')) element.textContent = text;
}

function judge(statistics, ready) {
  if (statistics.body.status === 'awaiting_data') {
    if (ready.body.catchingUp) return ['awaiting_data', 'Catching up with stored messages; the first statistics come after.'];
    return ['awaiting_data', 'Waiting for the first statistics.'];
  }
  const ageMs = statistics.atMs - Date.parse(statistics.body.lastUpdated);
  const age = ageMs < 120000 ? Math.max(0, Math.round(ageMs / 1000)) + ' s' : Math.round(ageMs / 60000) + ' min';
  if (ready.body.components?.tick?.ok === false) {
    return ['old', 'These statistics are old: updated ' + age + ' ago.'];
  }
  if (ready.body.status !== 'ready') {
    const reasons = Object.entries(ready.body.components ?? {})
      .filter(([, component]) => !component.ok)
      .map(([name, component]) => name + ': ' + component.reason);
    return ['not_ready', 'The aggregator is not ready (' + reasons.join('; ') + '). Updated ' + age + ' ago.'];
  }
  if (ready.body.catchingUp) return ['catching_up', 'Catching up with stored messages; the numbers lag. Updated ' + age + ' ago.'];
  return ['connected', 'Updated ' + age + ' ago.'];
}

async function refresh() {
  const asked = period.value;
  try {
    const [statistics, ready] = await Promise.all([
      getJson('/api/federation/network-stats?period=' + encodeURIComponent(asked)),
      getJson('/readyz'),
    ]);
    if (asked !== period.value) return;
    if (!statistics.ok) throw new Error('no statistics');
    answered = true;
    showNumbers(statistics.body, statistics.body.status === 'awaiting_data');
    showDistributions(statistics.body);
    showText('aggregatorId', statistics.body.aggregatorId);
    showText('lastUpdated', statistics.body.lastUpdated ?? 'no time yet');
    showText('mode', ready.body.mode ?? 'none yet');
    say(...judge(statistics, ready));
  } catch {
    say('unreachable', answered ? 'The aggregator cannot be reached; these numbers are old.' : 'The aggregator cannot be reached.');
  }
}

async function refreshForever() {
  await refresh();
  setTimeout(refreshForever, REFRESH_MS);
}

period.addEventListener('change', refresh);
refreshForever();
`;
