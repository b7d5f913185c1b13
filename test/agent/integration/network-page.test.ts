// The page as a person sees it: the real server and page in a real Chromium, over a view that the test changes.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentView, LinkView } from '../../../src/agent/domain/view.ts';
import type { AgentHttpOptions } from '../../../src/agent/http/server.ts';
import { EXECUTION_TIMES } from '../../../src/federation/domain/vocabulary.ts';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import {
  expectAccessible,
  expectFits,
  expectTablesFit,
  live,
  PHONE,
  row,
  status,
} from '../../support/dashboard.ts';
import { proxyBelow } from '../../support/sub-path.ts';
import { until } from '../../support/until.ts';
import { createServer } from '../http/parts.ts';
import { HOSTILE, HOSTILE_VIEW } from '../http/rich.ts';
import { EVENTS, LINK, LOGS, NODE_ID, NOW_MS, STATISTICS, VIEW } from '../http/view.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A server whose view a test changes. Its clock stands still, so that ages are exact. */
async function start(view: AgentView = VIEW, options: Partial<AgentHttpOptions> = {}) {
  const state = { view, nowMs: NOW_MS };
  const server = createServer({ view: () => state.view, nowMs: () => state.nowMs }, options);
  return { state, server, url: (await server.start()).url };
}

const metric = (page: Page, name: string) => page.locator(`data[data-metric="${name}"]`);
const labels = (page: Page, name: string) =>
  page.locator(`div[data-metric="${name}"] tbody th`).allTextContents();
const withLink = (more: Partial<LinkView>): AgentView => ({ ...VIEW, link: { ...LINK, ...more } });
const missing = { isReadable: false, files: [] };

/** States that a banner explains: the state of the pill, the view, and the banner. */
const NOTICES: readonly (readonly [string, AgentView, RegExp])[] = [
  ['opted_out', { ...VIEW, isEnabled: false }, /opted out of the federation: the agent sends nothing/],
  [
    'broker_away',
    withLink({ isConnected: false, reason: 'connection refused' }),
    /away \(connection refused\).*7 messages wait/,
  ],
  ['paused', withLink({ breaker: 'open' }), /pauses for about a minute/],
  ['forbidden', withLink({ forbidden: ['task_received'] }), /of this kind: task received/],
  ['presence_only', { ...VIEW, sharesTasks: false }, /shares no tasks/],
  [
    'no_salt',
    withLink({ saltFrom: null, joinProblem: 'no answer' }),
    /No salt is known \(no answer\).*FEDERATION_SALT/,
  ],
  [
    'no_sources',
    {
      ...VIEW,
      sources: [
        { ...EVENTS, ...missing },
        { ...LOGS, ...missing },
      ],
    },
    /finds nothing to read: no event file \*-eventDB\.json/,
  ],
  ['source_problem', { ...VIEW, sources: [EVENTS, { ...LOGS, ...missing }] }, /no log file \*\.log/],
  ['awaiting_data', { ...VIEW, statistics: null }, /No statistics have come yet/],
  [
    'old',
    { ...VIEW, statistics: { ...STATISTICS, publishedMs: NOW_MS - 3_600_000 } },
    /The statistics are old: .* 16 Jan 2026/,
  ],
  ['other_key', { ...VIEW, isOtherKeyOffered: true }, /another key.*aggregator agent trust/],
  ['not_ready', { ...VIEW, stateProblem: 'the disk is full' }, /not ready\. state: the disk is full/],
  ['warning', { ...VIEW, logLinesDropped: 3 }, /3 lines could not be written/],
];

describe('page Network', () => {
  it('shows the own node, the network, its distributions and the sources', async () => {
    const { url } = await start();
    const { page } = await openPage(browser, url);
    await status(page, 'connected');
    await metric(page, 'totalTasks').filter({ hasText: '12,480' }).waitFor();
    expect(await page.locator('[data-text="nodeId"]').textContent()).toBe(NODE_ID);
    for (const [name, text] of [
      ['state', 'Online'],
      ['uptime', '24 h'],
      ['broker', 'Connected'],
      ['salt', 'From the aggregator'],
      ['tasks', '512'],
      ['taskShare', "4.1 % of the network's tasks"],
      ['active', '3'],
      ['invoices', '488'],
      ['invoiceShare', "4.1 % of the network's invoices"],
      ['confirmed', '4,369'],
      ['refused', '3'],
      ['waiting', '7'],
      ['waitingLimit', 'Of at most 10,000'],
      ['completions', '1'],
      ['behind', '4.0 KiB'],
    ] as const)
      expect(await live(page, name), name).toBe(text);
    expect(await live(page, 'heartbeat')).toMatch(/^\d+ s ago$/);
    for (const [name, value] of Object.entries({ ...STATISTICS.counts, ...STATISTICS.nodeCounts }))
      expect(await metric(page, name).getAttribute('value'), name).toBe(String(value));
    expect(await metric(page, 'successRate').textContent()).toBe('98.2');
    expect(await labels(page, 'executionTimeDistribution')).toEqual([...EXECUTION_TIMES]);
    expect(await labels(page, 'chainDistribution')).toEqual([
      'Avalanche Fuji (43113)',
      'Avalanche C-Chain (43114)',
      'Ethereum (1)',
    ]);
    expect(await page.locator('#genuine').textContent()).toBe('✓ Genuine: signed by aggregator-6f0c');
    expect(await page.locator('#published').textContent()).toMatch(/^Published \d+ s ago$/);
    expect(await row(page, 'sources', 'debug.log').textContent()).toContain('Being read');
    for (const id of ['announcement', 'notices', 'demonstration'])
      expect(await page.locator(`#${id}`).textContent(), id).toBe('');
    expect(await page.title()).toBe('Network');
    expect(await page.locator('#period').isVisible()).toBe(false);
    await expectFits(page);
    expect(await axeFindings(page)).toEqual([]);
  });

  it('says of each state what it means', async () => {
    const { url, state } = await start();
    const { page } = await openPage(browser, url);
    for (const [name, view, sentence] of NOTICES) {
      state.view = view;
      await page.reload();
      await status(page, name);
      expect(await page.locator('#announcement').textContent(), name).toMatch(sentence);
      expect(await page.locator('#notices').textContent(), name).toBe('');
    }
    state.view = VIEW;
    await status(page, 'connected');
    expect(await page.locator('#announcement').textContent()).toBe('');
  });

  it('announces the gravest, and lists the others', async () => {
    const { url } = await start({
      ...withLink({ isConnected: false, saltFrom: null }),
      sources: [{ ...EVENTS, ...missing }],
      statistics: null,
      isDemonstration: true,
    });
    const { page } = await openPage(browser, url);
    await status(page, 'broker_away');
    await page.locator('#notices p[data-notice="awaiting_data"]').waitFor();
    expect(
      await page.locator('#notices p').evaluateAll((all) => all.map((one) => one.dataset['notice'])),
    ).toEqual(['no_salt', 'no_sources', 'awaiting_data']);
    expect(await page.locator('#demonstration').textContent()).toMatch(/^DEMONSTRATION: /);
    expect(await page.title()).toBe('Broker away · DEMONSTRATION: Network');
    expect(await axeFindings(page)).toEqual([]);
    expect(await live(page, 'state')).toBe('Offline');
    expect(await metric(page, 'totalTasks').textContent()).toBe('–');
    expect(await labels(page, 'executionTimeDistribution')).toEqual([...EXECUTION_TIMES]);
  });

  it('says that nobody has checked unsigned statistics', async () => {
    const { url } = await start({ ...VIEW, statistics: { ...STATISTICS, signature: 'none' } });
    const { page } = await openPage(browser, url);
    await page.locator('#genuine[data-signature="none"]').waitFor();
    expect(await page.locator('#genuine').textContent()).toMatch(
      /^Not signed, says it is from aggregator-6f0c: nobody has checked/,
    );
  });

  it('shows labels, names and reasons of others as text, on a phone too', async () => {
    const { url } = await start(HOSTILE_VIEW);
    const { page } = await openPage(browser, url, PHONE);
    await status(page, 'broker_away');
    await row(page, 'sources', 'x'.repeat(64)).waitFor();
    await page.locator('#genuine', { hasText: HOSTILE }).waitFor();
    expect(await labels(page, 'executionTimeDistribution')).toEqual([...EXECUTION_TIMES, HOSTILE]);
    expect(await labels(page, 'taskTypeDistribution')).toEqual(['__proto__', 'constructor', 'toString']);
    expect(await metric(page, 'onlineNodes').textContent()).toBe('–');
    expect(await page.locator('img').count()).toBe(1);
    expect(await page.locator('main script, main b').count()).toBe(0);
    await page.getByRole('button', { name: 'Show all 50' }).press('Enter');
    expect(await labels(page, 'chainDistribution')).toHaveLength(50);
    await expectFits(page);
    await expectTablesFit(page, ['sources']);
    await expectAccessible(page);
  });

  it('takes new statistics at once over the WebSocket, and every other number soon', async () => {
    const { state, url, server } = await start();
    const { page } = await openPage(browser, url);
    await status(page, 'connected');
    await until('a reader', () => server.feed().clients === 1);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    state.view = {
      ...VIEW,
      waiting: 0,
      statistics: { ...STATISTICS, receivedMs: NOW_MS, counts: { ...STATISTICS.counts, totalTasks: 99_999 } },
    };
    await metric(page, 'totalTasks').filter({ hasText: '99,999' }).waitFor();
    await page.locator('[data-live="waitingLimit"]', { hasText: 'Everything is sent' }).waitFor();
    expect(asked).toContain('/api/node');
    expect(asked).not.toContain('/api/federation/network-stats');
  });

  it('polls while there is no place at the WebSocket', async () => {
    const { state, url, server } = await start(VIEW, { connectionsPerAddressMax: 0 });
    const { page } = await openPage(browser, url, { allowed: /WebSocket connection to/ });
    await metric(page, 'totalTasks').filter({ hasText: '12,480' }).waitFor();
    state.view = {
      ...VIEW,
      statistics: { ...STATISTICS, counts: { ...STATISTICS.counts, totalTasks: 77_777 } },
    };
    await metric(page, 'totalTasks').filter({ hasText: '77,777' }).waitFor();
    expect(server.feed().clients).toBe(0);
  });

  it('says when the agent is gone, and goes on when it is back', async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    const { page } = await openPage(browser, first.url, { allowed: /ERR_|WebSocket connection to/ });
    await metric(page, 'totalTasks').filter({ hasText: '12,480' }).waitFor();
    await first.server.stop();
    await status(page, 'unreachable');
    expect(await page.locator('#announcement').textContent()).toMatch(/cannot be reached; these numbers are/);
    const again = createServer(
      {
        view: () => ({
          ...VIEW,
          statistics: { ...STATISTICS, receivedMs: 1, counts: { ...STATISTICS.counts, totalTasks: 5 } },
        }),
      },
      { port },
    );
    await again.start();
    await status(page, 'connected');
    await metric(page, 'totalTasks').filter({ hasText: /^5$/ }).waitFor();
    await until('a reader', () => again.feed().clients === 1);
  });

  it('lets a reader choose a shorter period, as far as it is known', async () => {
    const day = {
      ...STATISTICS,
      counts: { ...STATISTICS.counts, totalTasks: 940 },
      signature: 'none' as const,
    };
    const { url } = await start({ ...VIEW, periods: { '24h': day } });
    const { page } = await openPage(browser, url);
    await page.locator('#period').waitFor();
    expect(await page.locator('#period input[value="1h"]').isDisabled()).toBe(true);
    await page.locator('#period input[value="24h"]').check();
    await metric(page, 'totalTasks').filter({ hasText: /^940$/ }).waitFor();
    await page.locator('#genuine[data-signature="none"]').waitFor();
    // The choice stands in the address.
    await page.reload();
    await metric(page, 'totalTasks').filter({ hasText: /^940$/ }).waitFor();
    expect(await page.locator('#period input[value="24h"]').isChecked()).toBe(true);
    await page.goBack();
    await metric(page, 'totalTasks').filter({ hasText: '12,480' }).waitFor();
    // A period that the agent does not know yet shows all time.
    await page.evaluate("location.hash = '#/?period=1h'");
    await page.reload();
    await metric(page, 'totalTasks').filter({ hasText: '12,480' }).waitFor();
    expect(await page.locator('#period input[value="all"]').isChecked()).toBe(true);
  });

  it('is used with the keyboard alone', async () => {
    const { url } = await start({
      ...VIEW,
      periods: { '24h': STATISTICS, '1h': STATISTICS, '7d': STATISTICS },
    });
    const { page } = await openPage(browser, url);
    await page.locator('#period').waitFor();
    const focused = () =>
      page.evaluate<string>(
        '(({ id, className, name, textContent }) => id || name || className || textContent)(document.activeElement)',
      );
    const order: string[] = [];
    for (let step = 0; step < 9; step++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    expect(order).toEqual([
      'skip',
      'language',
      'theme',
      'period',
      'scroll',
      'API',
      'Metrics',
      'Readiness',
      expect.anything(),
    ]);
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('main');
    await page.locator('#period input[value="all"]').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('#period input[value="7d"]').isChecked()).toBe(true);
  });

  it('works below a path of a reverse proxy, live too', async () => {
    const { state, url, server } = await start();
    const proxy = await proxyBelow(url, '/agent/');
    const { page } = await openPage(browser, `${proxy}/agent/`);
    await status(page, 'connected');
    await until('a reader', () => server.feed().clients === 1);
    state.view = {
      ...VIEW,
      statistics: { ...STATISTICS, receivedMs: NOW_MS, counts: { ...STATISTICS.counts, totalTasks: 4_321 } },
    };
    await metric(page, 'totalTasks').filter({ hasText: '4,321' }).waitFor();
    for (const href of await page
      .locator('footer a')
      .evaluateAll((all) => all.map((one) => one.getAttribute('href'))))
      expect((await fetch(new URL(href ?? '', `${proxy}/agent/`))).status, String(href)).toBe(200);
  });

  it('fits on a phone, and is accessible there, light and dark', async () => {
    const { url } = await start();
    const { page } = await openPage(browser, url, PHONE);
    await status(page, 'connected');
    await row(page, 'sources', 'debug.log').waitFor();
    await expectFits(page);
    await expectTablesFit(page, ['sources']);
    await expectAccessible(page);
  });
});
