// The dashboard as a person sees it: the real program, a real broker, a real Chromium.

import Sqlite from 'better-sqlite3';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import type { Aggregator } from '../../support/aggregator.ts';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { send, shown } from '../../support/federation.ts';
import {
  hashOf,
  heartbeat,
  invoiceCreated,
  nodeLeft,
  type Publication,
  taskCompleted,
} from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { command, createKey, sendSigned } from '../../support/signed.ts';
import { until } from '../../support/until.ts';

/** Hostile labels that any sender may use. */
const HOSTILE = ['__proto__', 'constructor', 'a/b:c+d.e_f-g', `${'Zz-'.repeat(21)}9`, '..//..//etc/passwd'];

/** The ages of runs that left a single row each, in the page whose past has a hole. */
const LONE_ROWS_HOURS = [130, 120];

const LONG_ID = 'long-'.repeat(13).slice(0, 64);

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

function task(number: number, chainId: string, taskType: string): Publication {
  const data = { chainId, taskType, taskIdHash: hashOf(number) };
  const envelope = {
    version: '1.0',
    type: 'task_received',
    nodeId: `node-${number % 7}000`,
    timestamp: '',
    data,
  };
  return { subject: 'truebit.tasks.received', payload: JSON.stringify(envelope) };
}

function placed(nodeId: string, continentBucket: string): Publication {
  const data = { status: 'online', continentBucket, locationBucket: '48.0,11.5' };
  const envelope = { version: '1.0', type: 'heartbeat', nodeId, timestamp: '', data };
  return { subject: 'truebit.heartbeat', payload: JSON.stringify(envelope) };
}

const SENT: readonly Publication[] = [
  ...Array.from({ length: 40 }, (_, index) =>
    task(index, HOSTILE[index % 5] ?? '1', HOSTILE[(index * 3) % 5] ?? 'wasm'),
  ),
  ...Array.from({ length: 30 }, (_, index) => taskCompleted(index, index % 10 !== 0)),
  ...Array.from({ length: 25 }, (_, index) => invoiceCreated(index)),
  ...Array.from({ length: 120 }, (_, index) =>
    placed(`beat-${String(index).padStart(4, '0')}`, index % 2 === 0 ? 'EU' : 'AS'),
  ),
  nodeLeft('beat-0000'),
  { subject: 'truebit.heartbeat', payload: '<img src=x onerror=alert(1)>' },
];

/** Every `data-metric` element as the page has it: numbers by their value, distributions by their rows, in order. */
function readMetrics(page: Page): Promise<Record<string, unknown>> {
  return page
    .locator('[data-metric]')
    .evaluateAll((elements: readonly Shown[]) =>
      Object.fromEntries(
        elements.map((element) => [
          element.getAttribute('data-metric'),
          element.localName === 'data'
            ? { value: Number(element.getAttribute('value')), text: element.textContent }
            : [...element.querySelectorAll('tr[data-label]')].map((row) => [
                row.getAttribute('data-label'),
                Number(row.getAttribute('data-count')),
              ]),
        ]),
      ),
    );
}

/** The used members of an element, because the tests do not load the types of a browser. */
interface Shown {
  readonly localName: string;
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Shown | null;
  querySelectorAll(selector: string): Iterable<Shown>;
}

interface Bars {
  readonly distributions: Readonly<
    Record<string, { readonly bars: readonly { label: string; count: number }[] }>
  >;
}

/** Waits until the page shows what the API answers for the period, member by member. */
async function expectAsTheApi(page: Page, program: Aggregator, period: string): Promise<void> {
  let differences: unknown[] = [];
  await until(`the page to show ${period} as the API`, async () => {
    const { body } = await program.get(`/api/federation/network-stats?period=${period}`);
    const { distributions } = (await program.get(`/api/federation/distributions?period=${period}`))
      .body as unknown as Bars;
    const metrics = await readMetrics(page);
    const again = await program.get(`/api/federation/network-stats?period=${period}`);
    if (again.body['lastUpdated'] !== body['lastUpdated']) return false;
    const members = Object.keys(body).filter(
      (name) => typeof body[name] === 'number' || typeof body[name] === 'object',
    );
    expect(Object.keys(metrics).toSorted()).toEqual(members.toSorted());
    differences = members.filter((name) => {
      const value = body[name];
      const expected =
        typeof value === 'number'
          ? {
              value,
              text:
                name.endsWith('Rate') && body['completedTasks'] === 0 && body['failedTasks'] === 0
                  ? '–'
                  : value.toLocaleString('en-GB', { minimumFractionDigits: name.endsWith('Rate') ? 1 : 0 }),
            }
          : distributions[name]?.bars.map(({ label, count }) => [label, count]);
      return JSON.stringify(metrics[name]) !== JSON.stringify(expected);
    });
    return differences.length === 0;
  }).catch((error: unknown) => {
    expect(differences).toEqual([]);
    throw error;
  });
}

async function launchFilled(name: string, more: Readonly<Record<string, string>> = {}) {
  const own = await testFolder(name);
  const program = launch({ ...own.env, PRIVACY_MIN_CELL: '1', ...more });
  await program.ready();
  const connection = await connectTo(own.natsUrl);
  await send(connection, SENT);
  await shown(program, { totalTasks: 40, totalInvoices: 25, totalNodes: 128 });
  return { own, program, connection, url: await program.url() };
}

describe('dashboard', () => {
  it('dashboard - every number equals the API in every period; live, search, sort, pages and the order for a screen reader work', async () => {
    const { program, connection, url } = await launchFilled('dashboard');
    const { page } = await openPage(browser, url);
    await page.locator('#status[data-status="connected"]').waitFor();
    for (const period of ['all', '1h', '24h', '7d']) {
      await page.locator(`#period input[value="${period}"]`).check();
      await expectAsTheApi(page, program, period);
    }
    // Hostile labels are shown as text, and have no other effect.
    expect(await page.locator('[data-metric="chainDistribution"] th').allTextContents()).toEqual(
      expect.arrayContaining(HOSTILE),
    );
    expect(await page.locator('img').count()).toBe(1);

    // A click on a bar shows its history; the back button takes it away.
    const bar = page.locator('#bar-figure');
    expect(await bar.isVisible()).toBe(false);
    await page.locator('[data-metric="chainDistribution"] .bar-name', { hasText: '__proto__' }).click();
    await bar.locator('canvas').waitFor();
    expect(new URL(page.url()).hash).toBe('#/?period=7d&bar=chainDistribution%3A__proto__');
    expect(await bar.locator('[data-text="barTitle"]').textContent()).toBe(
      'Chains: __proto__, in the hour before',
    );
    await page.goBack();
    await bar.waitFor({ state: 'hidden' });

    // A heartbeat shows, without a reload, within 2 s of its publication.
    const online = async () => Number(await page.locator('[data-live="online"]').textContent());
    const [before, sentMs] = [await online(), performance.now()];
    let missedMs = sentMs;
    await send(connection, [heartbeat('beat-new')]);
    await until('the heartbeat to show', async () => {
      const lookedMs = performance.now();
      const isShown = (await online()) === before + 1;
      if (!isShown) missedMs = lookedMs;
      return isShown;
    });
    expect(missedMs - sentMs).toBeLessThan(2000);
    await expectAsTheApi(page, program, '7d');

    // Charts show the recorded rows.
    for (const name of ['nodes', 'tasks', 'invoices', 'success']) {
      await page.locator(`[data-chart="${name}"] canvas`).waitFor();
      const figure = page.locator(`[data-chart="${name}"]`);
      await until(`${name} to have points`, async () => Number(await figure.getAttribute('data-points')) > 1);
    }
    const plot = page.locator('[data-chart="nodes"] .plot');
    await plot.focus();
    await page.keyboard.press('ArrowLeft');
    const reading = await page.locator('[data-chart="nodes"] .reading').textContent();
    expect(reading).toMatch(/^1\d\d at /);
    // A screen reader reads values: the key press moves in the chart, and the value goes to the one element that is
    // read aloud.
    expect(await plot.getAttribute('role')).toBe('application');
    expect(await plot.getAttribute('aria-label')).toMatch(/^Active nodes: now /);
    expect(await page.locator('#reading[role="status"]').textContent()).toBe(reading);
    // Changes by a tick are not read aloud, because four charts would never stop.
    expect(await page.locator('.charts').locator('output, [aria-live], [role="status"]').count()).toBe(0);

    // The table: pages, search, state, sort.
    const rows = page.locator('#nodes tbody tr[data-node]');
    const ids = () =>
      rows.evaluateAll((found: readonly Shown[]) => found.map((row) => row.getAttribute('data-node') ?? ''));
    await page.locator('#nodes-count', { hasText: '129 nodes' }).waitFor();
    expect(await rows.count()).toBe(100);
    await page.locator('#next').click();
    await page.locator('#page', { hasText: 'Page 2 of 2' }).waitFor();
    await until('29 rows', async () => (await rows.count()) === 29);
    await page.locator('#search').fill('BEAT-00');
    await page.locator('#nodes-count', { hasText: '100 nodes found' }).waitFor();
    await page.locator('#nodes th[data-sort="nodeId"] button').click();
    // All rows are compared, because the node that left last may have been first before, too.
    const rising = Array.from({ length: 100 }, (_, index) => `beat-${String(index).padStart(4, '0')}`);
    await until('rising ids', async () => (await ids()).join() === rising.join());
    await page.locator('#nodes th[data-sort="nodeId"] button').click();
    await until('falling ids', async () => (await ids())[0] === 'beat-0099');
    expect(await page.locator('#nodes th[data-sort="nodeId"]').getAttribute('aria-sort')).toBe('descending');
    await page.locator('#state').selectOption('offline');
    await until('the one that left', async () => JSON.stringify(await ids()) === '["beat-0000"]');
    await page.locator('#search').fill('no-such-node');
    await page.locator('#nodes', { hasText: 'No node matches.' }).waitFor();
    // Text that cannot be part of an id is not searched, and the page gives the reason, as the API does.
    const problem = page.locator('#search-problem');
    for (const [typed, sentence] of [
      ['<img src=x>', /^Not searched: a node id has only letters .* Take out “<”, a space, “=”, “>”\.$/],
      ['ä'.repeat(3), /Take out “ä”\.$/],
      ['!"§$%&/', /Take out “!”, “"”, “§”, “\$”, “%” and others\.$/],
      ['a'.repeat(65), /^Not searched: a node id has 64 characters at most, and this has 65\.$/],
    ] as const) {
      await page.locator('#search').fill(typed);
      await page.locator('#search-problem', { hasText: sentence }).waitFor();
      expect(await page.locator('#search').getAttribute('aria-invalid')).toBe('true');
      expect(await page.locator('#nodes tbody').textContent()).toBe('Nothing was searched.');
      expect(await page.locator('#nodes-count').textContent()).toBe('Not searched');
      const answer = await program.get(`/api/federation/nodes?q=${encodeURIComponent(typed)}`);
      expect(answer.body).toMatchObject({
        error: {
          code: 'bad_search',
          message:
            'q is a part of a node id: up to 64 characters, each a letter A to Z or a to z, a digit, _ or -',
        },
      });
    }
    await page.locator('#search').fill(`${'a'.repeat(62)}_-`);
    await page.locator('#nodes', { hasText: 'No node matches.' }).waitFor();
    expect(await problem.textContent()).toBe('');
    expect(await page.locator('#search').getAttribute('aria-invalid')).toBe('false');

    // Ingest: the refused messages, and that none is missing.
    await page.locator('#rejected [data-label="not json"][data-count="1"]').waitFor();
    expect(await page.locator('[data-live="conserved"]').textContent()).toBe('Every message accounted for');

    expect(await axeFindings(page)).toEqual([]);
  });

  it('dashboard - it is readable and accessible on a phone, dark and light, with a gap in the past', async () => {
    const { own, program, connection } = await launchFilled('dashboard-phone');
    await send(connection, [heartbeat(LONG_ID)]);
    await shown(program, { totalNodes: 129 });
    await expectConserved(program);
    await program.stop();
    const nowMs = Date.now();
    // Two days of the past with a hole, as a program that was down leaves them.
    const insert = `INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks,
        completed_tasks, failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at, interval_ms)
      VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', ?, 'unixepoch'), ?, 5, 5, ?, 9, 1, 0, 4, 90, 0, '', ?)`;
    const database = new Sqlite(own.databasePath);
    database.transaction(() => {
      for (let minutes = 2 * 1440; minutes > 30; minutes -= 5) {
        if (minutes > 300 && minutes < 600) continue;
        for (const period of ['all', '1h']) {
          database.prepare(insert).run((nowMs - minutes * 60_000) / 1000, period, 3000 - minutes, null);
        }
      }
      // And two runs that left a single row.
      for (const hours of LONE_ROWS_HOURS) {
        for (const period of ['all', '1h']) {
          database.prepare(insert).run(nowMs / 1000 - hours * 3600, period, 90, 300_000);
        }
      }
    })();
    // Tasks old enough to know the number of nodes that report them.
    database.prepare('UPDATE tasks SET first_ms = first_ms - 120000').run();
    database.close();
    const again = launch({ ...own.env, PRIVACY_MIN_CELL: '1' });
    await again.ready();
    const { page } = await openPage(browser, await again.url(), {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    });
    await page.locator('#status[data-status="connected"]').waitFor();
    await page.locator('#range input[value="24h"]').check();
    await until(
      'the past',
      async () => Number(await page.locator('[data-chart="nodes"]').getAttribute('data-points')) > 200,
    );
    // No node was heard since the start, but the page still shows when one was.
    expect((await again.get('/api/federation/health')).body['lastHeardAt']).toBeNull();
    await page.locator('[data-live="heard"]', { hasText: /just now| ago$/ }).waitFor();
    const { tasks: settled, single } = (await again.get('/api/federation/reporting')).body;
    expect(settled).toBe(40);
    await page.locator('#reporting-of', { hasText: `${String(single)} of the newest 40 tasks` }).waitFor();
    const percent = (Math.floor((Number(single) * 1000) / 40) / 10).toFixed(1);
    expect(await page.locator('#reporting').textContent()).toBe(`${percent} %`);
    // Of the nodes: id, state and time in it, without scrolling sideways.
    await page.locator(`[data-node="${LONG_ID}"]`).waitFor();
    const beyond =
      "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.scroll'))";
    expect(await page.evaluate(beyond)).toBe(0);
    for (const cell of ['th', '.state', '[data-seen]']) {
      const place = page.locator(`[data-node="${LONG_ID}"] ${cell}`);
      // The page makes new rows when nodes move, so a row that was found may be gone when it is measured.
      const box = await until(`the place of ${cell}`, () => place.boundingBox());
      expect(box.width).toBeGreaterThan(40);
    }
    await expectZoom(page);
    await expectRanges(page);
    await expectComparisons(page);
    const history = await again.get('/api/federation/history?points=100');
    expect((history.body['gaps'] as unknown[]).length).toBeGreaterThan(0);
    expect(await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]')).toEqual([
      390, 390,
    ]);
    const colours = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await colours()).toBe('rgb(13, 17, 23)');
    expect(await axeFindings(page)).toEqual([]);
    await page.locator('#theme').click();
    expect(await colours()).toBe('rgb(246, 247, 249)');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('dashboard - it asks for a key if one is needed, keeps it for this tab only, and shows the signing key', async () => {
    const own = await testFolder('dashboard-key');
    const env = { ...own.env, API_AUTH: 'required' };
    const program = launch(env);
    await program.ready();
    const { key, keyId } = await createKey(env, '--permissions', 'subscribe');
    const writer = await createKey(env, '--permissions', 'publish');
    const connection = await connectTo(own.natsUrl);
    await send(connection, [heartbeat('node-plain')]);
    await sendSigned(connection, writer.key, [heartbeat('node-signs')]);
    const { page } = await openPage(browser, await program.url(), { allowed: /status of 40[13]/ });
    await page.locator('#status[data-status="locked"]').waitFor();
    await page.locator('#key').fill(writer.key);
    await page.keyboard.press('Enter');
    await page.locator('#status[data-status="locked"]').waitFor();
    await page.locator('#key').fill(key);
    await page.keyboard.press('Enter');
    await page.locator('#status[data-status="connected"]').waitFor();
    await page.locator('#key-form').waitFor({ state: 'hidden' });
    await page.locator('[data-node="node-signs"] .signed').waitFor();
    expect(await page.locator('.signed').count()).toBe(1);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(key);
    // The key is revoked while the page is open: the page marks its old values as not current.
    await page.locator('#announcement').waitFor({ state: 'hidden' });
    await command(env, 'keys', 'revoke', keyId);
    await page.locator('#status[data-status="locked"]').waitFor();
    expect(await page.locator('#announcement').textContent()).toMatch(
      /^Enter a valid API key: these numbers are from .*\d.* and do not change\.$/,
    );
    expect(await page.locator('[data-live="online"]').textContent()).toBe('2');
    await page.locator('#key-form').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  // States that are hard to bring about, or over in a moment: the browser has no shared worker, and in the answers that
  // the page then asks for itself the test replaces some members. Everything else comes from the real program.
  it('dashboard - it says when statistics are old, late, missing or not to be trusted, and draws the uptime of a node', async () => {
    const own = await testFolder('dashboard-states');
    const program = launch(own.env);
    await program.ready();
    await send(await connectTo(own.natsUrl), [heartbeat('node-a')]);
    await shown(program, { totalNodes: 1 });
    const { page } = await openPage(browser, await program.url());
    await page.locator('#status[data-status="connected"]').waitFor();
    await page.addInitScript('delete globalThis.SharedWorker');
    let change: Readonly<Record<string, unknown>> = {};
    await page.route('**/api/federation/health', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), ...change } });
    });
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const failing = { component: 'workers', ok: false, reason: 'the worker pool is not running' };
    const warning = { component: 'ingest', ok: true, reason: 'a stream takes some' };
    for (const [changed, status, short, sentence] of [
      [
        { lastTickAt: hourAgo },
        'old',
        'Statistics are old',
        /^The statistics are old: the last tick was at \d.*\.$/,
      ],
      [
        { catchingUp: true, lastTickAt: hourAgo },
        'catching_up',
        'Catching up',
        /^Catching up with stored messages/,
      ],
      [{ lastTickAt: null }, 'awaiting_data', 'No statistics yet', /^$/],
      [
        { reasons: [failing] },
        'not_ready',
        'Not ready',
        /^The aggregator is not ready\. workers: .* running\.$/,
      ],
      [{ reasons: [warning] }, 'connected', 'Live', /^Warning\. ingest: a stream takes some\.$/],
    ] as const) {
      change = changed;
      await page.reload();
      await page.locator(`#status[data-status="${status}"]`).waitFor();
      expect(await page.locator('#status-text').textContent()).toBe(short);
      expect(await page.locator('#announcement').textContent()).toMatch(sentence);
      const known = page.locator('data[data-metric="totalNodes"]');
      if (status === 'awaiting_data') {
        expect(await known.textContent()).toBe('–');
        expect(await page.locator('[data-text="lastUpdated"]').textContent()).toBe('after the first tick');
      } else expect(await known.textContent()).toBe('1');
    }
    // With a banner, which is the only difference between the states.
    expect(await axeFindings(page)).toEqual([]);

    // A sign of life ahead of the aggregator's clock is not shown as one of this moment.
    const ahead = new Date(Date.now() + 600_000).toISOString();
    change = { lastHeardAt: ahead };

    // The strip: up, partly up, down and not observed, each at its place.
    await page.route('**/api/federation/nodes?*', async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as { nodes: object[] };
      const strip = [null, null, 0, 0.5, 1, 0.996, 0.004, 0.9];
      const nodes = body.nodes.map((node) => ({ ...node, uptime: 0.7315, strip, lastSeenAt: ahead }));
      await route.fulfill({ response, json: { ...body, nodes } });
    });
    await page.reload();
    const strip = page.locator('[data-node="node-a"] svg.strip');
    await strip.waitFor();
    expect(await strip.getAttribute('aria-label')).toBe('up 73.1 % of the observed time');
    await page.locator('[data-live="heard"]', { hasText: /^10 min in the future$/ }).waitFor();
    await page.locator('[data-live="heardWhy"]', { hasText: /^A clock differs: .* ahead of the/ }).waitFor();
    const seen = page.locator('[data-node="node-a"] [data-seen]');
    expect(await seen.textContent()).toBe('10 min in the future');
    expect(await seen.getAttribute('title')).toMatch(
      /A clock differs: .* ahead of the aggregator's clock\.$/,
    );
    const cells: Record<string, number[]> = {};
    for (const kind of ['none', 'up', 'part', 'down']) {
      const d = (await strip.locator(`path.${kind}`).getAttribute('d')) ?? '';
      cells[kind] = [...d.matchAll(/M(\d+) 0/g)].map(([, x]) => Number(x) / 4);
    }
    expect(cells).toEqual({ none: [0, 1], down: [2, 6], part: [3, 7], up: [4, 5] });
  });

  it('dashboard - it says that the broker is away, that it is back, and that the aggregator is gone', async () => {
    const own = await testFolder('dashboard-broker');
    const broker = await launchBroker({ storeFolder: own.folder });
    const program = launch(at(broker.url, own));
    await program.ready();
    const { page } = await openPage(browser, await program.url(), {
      allowed: /Failed to load resource|ERR_/,
    });
    const status = (name: string) => page.locator(`#status[data-status="${name}"]`).waitFor();
    await status('connected');
    // The element exists and is empty before it has text, because only then does a screen reader read the text.
    const announcement =
      "(({ hidden, textContent, role }) => [hidden, textContent, role])(document.querySelector('#announcement'))";
    expect(await page.evaluate(announcement)).toEqual([false, '', 'status']);
    expect(await page.evaluate("getComputedStyle(document.querySelector('#announcement')).display")).toBe(
      'block',
    );
    await broker.stop();
    await status('broker_away');
    expect(await page.locator('#announcement').textContent()).toMatch(/^The broker is away/);
    // In sight at the node table too, and nothing shines through.
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate("document.querySelector('#nodes').scrollIntoView()");
      expect(await page.evaluate('window.scrollY')).toBeGreaterThan(500);
      const box = await page.locator('#announcement').boundingBox();
      expect(box?.y).toBe(0);
      expect(
        await page.evaluate(
          `document.elementFromPoint(${(box?.x ?? 0) + (box?.width ?? 0) / 2}, ${(box?.height ?? 0) / 2}).id`,
        ),
      ).toBe('announcement');
      expect(
        await page.evaluate("getComputedStyle(document.querySelector('#announcement')).backgroundColor"),
      ).toMatch(/^rgb\(/);
    }
    await launchBroker({ storeFolder: own.folder, port: broker.port });
    await status('connected');
    await page.locator('#announcement').waitFor({ state: 'hidden' });
    // The program is frozen with its connection open: the page notices its silence, and its return.
    const frozenMs = performance.now();
    program.process.kill('SIGSTOP');
    await status('unreachable');
    expect(performance.now() - frozenMs).toBeLessThan(25_000);
    program.process.kill('SIGCONT');
    await status('connected');
    program.process.kill('SIGKILL');
    await status('unreachable');
    expect(await page.locator('#announcement').textContent()).toMatch(/these numbers are from/);
  });
});

/** Of a page that shows 24 h with a hole from 10 to 5 hours ago. */
async function expectZoom(page: Page): Promise<void> {
  const plot = page.locator('[data-chart="nodes"] .plot');
  const reading = page.locator('[data-chart="nodes"] .reading');
  const points = async () => Number(await page.locator('[data-chart="nodes"]').getAttribute('data-points'));
  const spanNow = async () => {
    const text = await page.locator('[data-chart="nodes"]').getAttribute('data-span');
    const [from = 0, to = 0] = (text ?? '').split('/').map((moment) => Date.parse(moment));
    return { from, to, hours: (to - from) / 3_600_000 };
  };
  /** The span after an action that changes it. */
  const spanAfter = async (act: () => Promise<void>) => {
    const { hours } = await spanNow();
    await act();
    return until('another span', async () => {
      const next = await spanNow();
      return Math.abs(next.hours - hours) > 0.1 && next;
    });
  };
  const press = (key: string) => spanAfter(() => page.keyboard.press(key));
  const tap = (id: string) => spanAfter(() => page.locator(id).tap());
  expect((await tap('#zoom-newest')).hours).toBeCloseTo(12, 2);
  expect((await tap('#zoom-newest')).hours).toBeCloseTo(6, 2);
  expect((await tap('#zoom-wider')).hours).toBeCloseTo(12, 2);
  expect((await tap('#zoom-out')).hours).toBeCloseTo(24, 2);
  expect(await page.locator('#zoom-wider').isDisabled()).toBe(true);
  await plot.focus();
  // No point is selected: zooming takes the newest half.
  const newest = await press('+');
  expect(newest.hours).toBeCloseTo(12, 2);
  expect(Date.now() - newest.to).toBeLessThan(60_000);
  expect((await press('0')).hours).toBeCloseTo(24, 2);
  // The oldest point is selected: zooming takes its half, and it stays selected.
  await page.keyboard.press('ArrowRight');
  const read = await reading.textContent();
  expect(read).toMatch(/^5 at /);
  const oldest = await press('+');
  expect(oldest.hours).toBeCloseTo(12, 2);
  expect(newest.from - oldest.from).toBeGreaterThan(11 * 3_600_000);
  await until('the value to be read still', async () => (await reading.textContent()) === read);
  await press('0');

  // Into the hole and out of it with the keyboard only.
  const dragIntoTheHole = async () => {
    const box = await page.locator('[data-chart="nodes"] .u-over').boundingBox();
    if (box === null) throw new Error('no plot');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.64, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.74, y, { steps: 4 });
    await page.mouse.up();
    await until('no rows', async () => (await points()) === 0);
    await plot.focus();
  };
  await plot.scrollIntoViewIfNeeded();
  await dragIntoTheHole();
  await page.keyboard.press('0');
  await page.locator('#zoom-out').waitFor({ state: 'hidden' });
  await until('all rows', async () => (await points()) > 200);
  await dragIntoTheHole();
  const hole = await press('-');
  expect(hole.hours).toBeGreaterThan(4);
  await press('-');
  await until('rows beside the hole', async () => (await points()) > 0);
  await press('0');
  await until('all rows', async () => (await points()) > 200);
}

/** Of a page that shows 24 h: 5 to 10 hours ago nothing was recorded, nor before two days ago. Leaves it at 24 h. */
async function expectRanges(page: Page): Promise<void> {
  const figure = page.locator('[data-chart="success"]');
  const hoursShown = async () => {
    const [from = 0, to = 0] = ((await figure.getAttribute('data-span')) ?? '').split('/').map(Date.parse);
    return (to - from) / 3_600_000;
  };
  for (const [range, hours, recorded, missing] of [
    ['7d', 168, [24, 40], [7.5, 60, 150]],
    ['30d', 720, [24, 36], [100, 700]],
    ['24h', 24, [2, 4, 11, 23], [6, 7.5, 9]],
  ] as const) {
    await page.locator(`#range input[value="${range}"]`).check();
    await until(`${range} to be drawn`, async () => Math.abs((await hoursShown()) - hours) < 0.01);
    expect(Number(await figure.getAttribute('data-points')), range).toBeGreaterThan(20);
    const expected = [...recorded.map((ago) => [ago, true]), ...missing.map((ago) => [ago, false])];
    // The data arrive before the page paints them.
    await until(`${range} to be painted`, async () => {
      const painted = await page.evaluate<boolean[]>(
        paintedAt(expected.map(([ago]) => 1 - Number(ago) / hours)),
      );
      return JSON.stringify(painted) === JSON.stringify(expected.map(([, is]) => is));
    }).catch((error: unknown) => {
      throw new Error(`${range}: the line or its gap is not where it belongs`, { cause: error });
    });
    if (range !== '7d') continue;
    // A run that left a single row is a point without a line on either side.
    const columns = [130, 125, 120, 110].map((ago) => 1 - ago / hours);
    const painted = await page.evaluate<number[]>(paintedInColumns(columns));
    const [first = 0, between = 0, second = 0, after = 0] = painted;
    expect(Math.min(first, second) - Math.max(between, after), JSON.stringify(painted)).toBeGreaterThan(2);
  }
}

/** How many pixels are painted in these columns, grid lines included. */
function paintedInColumns(shares: readonly number[]): string {
  return `(() => {
    const canvas = document.querySelector('[data-chart="success"] canvas');
    const whole = canvas.getBoundingClientRect();
    const plot = document.querySelector('[data-chart="success"] .u-over').getBoundingClientRect();
    const scale = canvas.width / whole.width;
    const [top, height] = [(plot.top - whole.top) * scale, Math.floor(plot.height * scale)];
    const column = new OffscreenCanvas(1, height).getContext('2d', { willReadFrequently: true });
    return ${JSON.stringify(shares)}.map((share) => {
      const x = Math.round((plot.left - whole.left + plot.width * share) * scale);
      column.clearRect(0, 0, 1, height);
      column.drawImage(canvas, x, Math.round(top), 1, height, 0, 0, 1, height);
      return column.getImageData(0, 0, 1, height).data.filter((value, index) => index % 4 === 3 && value > 0).length;
    });
  })()`;
}

/** Whether the line of the success rate is painted at these parts of the chart's width: its colour stands there. */
function paintedAt(shares: readonly number[]): string {
  return `(() => {
    const canvas = document.querySelector('[data-chart="success"] canvas');
    const whole = canvas.getBoundingClientRect();
    const plot = document.querySelector('[data-chart="success"] .u-over').getBoundingClientRect();
    const scale = canvas.width / whole.width;
    const probe = document.createElement('span');
    probe.style.color = getComputedStyle(document.body).getPropertyValue('--accent');
    document.body.append(probe);
    const accent = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
    probe.remove();
    const [top, height] = [Math.round((plot.top - whole.top) * scale), Math.floor(plot.height * scale)];
    const column = new OffscreenCanvas(3, height).getContext('2d', { willReadFrequently: true });
    return ${JSON.stringify(shares)}.map((share) => {
      const x = Math.round((plot.left - whole.left + plot.width * share) * scale) - 1;
      column.clearRect(0, 0, 3, height);
      column.drawImage(canvas, x, top, 3, height, 0, 0, 3, height);
      const { data } = column.getImageData(0, 0, 3, height);
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] > 200 && accent.every((part, index) => Math.abs(part - data[at + index]) < 40)) return true;
      return false;
    });
  })()`;
}

/** Of a page whose past has a row of the periods `all` and `1h` every five minutes, and none of `7d`. */
async function expectComparisons(page: Page): Promise<void> {
  for (const [period, tasks, rate] of [
    ['all', '−1,520 on 24 h before', 'As 24 h before'],
    ['1h', '−2,900 (−98.6 %) on the hour before', 'As the hour before'],
    ['7d', 'Nothing to compare with yet', 'Nothing to compare with yet'],
  ] as const) {
    await page.locator(`#period input[value="${period}"]`).check();
    await page.locator('[data-delta="totalTasks"]', { hasText: tasks }).waitFor();
    expect(await page.locator('[data-delta="successRate"]').textContent()).toBe(rate);
  }
}
