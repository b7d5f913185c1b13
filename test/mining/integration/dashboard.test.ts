// The dashboard as a person sees it: the real server and page in a real Chromium, over parts that the test changes.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatsDocument } from '../../../src/mining/domain/statistics.ts';
import type { MiningView } from '../../../src/mining/domain/view.ts';
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
import { until } from '../../support/until.ts';
import { startServer } from '../http/parts.ts';
import {
  FALSE_ACCOUNT,
  HOSTILE,
  HOSTILE_ACCOUNT,
  HOSTILE_MACHINE,
  LONG_MACHINE,
  RICH_STATISTICS,
  RICH_VIEW,
  richCharts,
} from '../http/rich.ts';
import { UPSTREAM } from '../http/view.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A server whose program the test changes; the returned object is its state. */
async function start() {
  const state: { view: MiningView; document: StatsDocument } = { view: RICH_VIEW, document: RICH_STATISTICS };
  const charts = richCharts(Date.now());
  const url = await startServer({
    view: () => state.view,
    document: () => state.document,
    rounds: async () => charts.rounds,
    capacity: async () => charts.capacity,
  });
  return { state, url };
}

async function expectValues(page: Page): Promise<void> {
  for (const [name, text] of [
    ['uptime', '90 min'],
    ['online', '1,480'],
    ['machinesNote', '1,494 active in the last 5 minutes, 1,777 ever seen'],
    ['accountsNote', 'in the last 24 h, 12 ever seen'],
    ['listedAccounts', '3'],
    ['totalCapacity', '15.3 PiB'],
    ['networkNote', 'of 1.2 EiB in the network'],
    ['currentHeight', '18,446,744,073,709,551,615'],
    ['bestPocTime', '9,007,199,254,740,993 s'],
    ['bestRawQuality', '9,223,372,036,854,775,809'],
    ['bestMachineId', 'rig@10.0.0.7'],
    ['proofsWaiting', '5 of 4,096'],
    ['unverified', '12,345'],
  ] as const)
    expect(await live(page, name), name).toBe(text);
  const [pool, wallet] = [page.locator('.upstream').first(), page.locator('.upstream').nth(1)];
  for (const [key, text] of [
    ['height', '1,234,567'],
    ['waiting', '2, 1 under way, oldest 3 s'],
    ['attempts', '12, 4 failed'],
    ['delivered', '7'],
    ['redelivered', '1'],
    ['refused', '1'],
  ] as const)
    expect(await pool.locator(`[data-cell="${key}"]`).textContent(), key).toBe(text);
  expect(await pool.locator('.error').textContent()).toBe('No error since the start.');
  expect(await wallet.locator('.error').textContent()).toMatch(/^Last error, \d+ s ago: 401 <img /);
  expect(await pool.locator('.state').textContent()).toBe('Ready');
  expect(await wallet.locator('.state').textContent()).toBe('Down');
  expect(await wallet.locator('.alarms').textContent()).toBe(`the upstream refuses the password: ${HOSTILE}`);
  expect(await page.locator('#verdicts tr[data-label="not assigned"]').getAttribute('data-count')).toBe(
    '259',
  );
}

/** Texts of miners and upstreams stay text, and the page made no element of them. */
async function expectText(page: Page): Promise<void> {
  expect(await page.locator('img').count()).toBe(1);
  expect(await page.locator('main script, main b').count()).toBe(0);
  expect(await page.locator('#announcement').textContent()).toContain(HOSTILE);
  expect(await page.locator('#refusals .mono').allTextContents()).toEqual([HOSTILE_ACCOUNT]);
  expect(await row(page, 'machines', HOSTILE_MACHINE).locator('.toggle-text').textContent()).toBe(
    HOSTILE_MACHINE,
  );
}

/** An element that the test knows again. */
interface Marked {
  marked?: boolean;
}

describe('mining dashboard', () => {
  it('mining dashboard - shows every value exactly, opens rows, searches and sorts; hostile texts stay text', async () => {
    const { state, url } = await start();
    const { page } = await openPage(browser, url);
    await status(page, 'alarm');
    expect(await page.locator('#demonstration').textContent()).toMatch(/^DEMONSTRATION: /);
    await row(page, 'machines', HOSTILE_MACHINE).waitFor();
    await expectValues(page);
    await expectText(page);
    await expectFits(page);
    for (const [chart, reading] of [
      ['rounds', /^now \d+ s · low 30 s · high \d+ s$/],
      ['capacity', /^now 14\.\d PiB · low /],
    ] as const) {
      await page.locator(`[data-chart="${chart}"] canvas`).waitFor();
      expect(await page.locator(`[data-chart="${chart}"] .reading`).textContent()).toMatch(reading);
    }

    // With the keyboard only: a row opens to its accounts, and the focus stays on it when the table loads again.
    const toggle = row(page, 'machines', LONG_MACHINE).locator('.toggle');
    await toggle.focus();
    await page.keyboard.press('Enter');
    await page.locator('#machines tr.nested').waitFor();
    expect(await toggle.getAttribute('aria-expanded')).toBe('true');
    // The table loads again soon after a machine changed its state, and the row stays the same element.
    await toggle.evaluate((element: Marked) => {
      element.marked = true;
    });
    const isAnswered = page.waitForResponse((response) => response.url().includes('api/mining/machines'));
    state.view = { ...state.view, machines: { online: 1_481, stale: 14, offline: 5 } };
    await isAnswered;
    expect(await toggle.evaluate((element: Marked) => element.marked)).toBe(true);
    expect(await page.evaluate('document.activeElement.dataset.focus')).toBe(LONG_MACHINE);
    expect(await page.locator('#machines tr.nested').count()).toBe(1);

    // An account with more machines than are sent says how many there are.
    await page.locator('#accounts .toggle').first().click();
    await page.locator('#accounts tr.nested td', { hasText: 'and 18 more machines' }).waitFor();

    // The bad account among those behind one address is named first.
    const worst = page.locator('#miners tbody tr').first();
    expect(await worst.getAttribute('data-account')).toBe(FALSE_ACCOUNT);
    expect(await worst.locator('td').last().textContent()).toBe('61');

    await page.locator('#machines-search').fill('RIG-11');
    await page.locator('#machines-count', { hasText: '8 machines found' }).waitFor();
    await page.locator('#machines th[data-sort="id"] button').click();
    await until(
      'rising ids',
      async () =>
        (await page.locator('#machines .toggle-text').first().textContent()) === 'rig-110@10.0.2.110',
    );
    // Each table has parameters of its own in the address, and a reload brings them back.
    expect(await page.evaluate('location.hash')).toBe('#/?machines.q=RIG-11&machines.sort=id');
    await page.reload();
    await page.locator('#machines-count', { hasText: '8 machines found' }).waitFor();
    expect(await page.locator('#machines-search').inputValue()).toBe('RIG-11');
    await page.locator('#machines-search').fill('ä');
    await page.locator('#machines-problem', { hasText: 'Not searched' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it('mining dashboard - is live: a new block, a fallback, a database that cannot be written', async () => {
    const { state, url } = await start();
    const { page } = await openPage(browser, url, { allowed: /Failed to load resource|ERR_/ });
    await status(page, 'alarm');
    const none = { bestPocTime: null, bestRawQuality: null, bestAccountId: null, bestMachineId: null };
    state.document = { ...state.document, currentHeight: 7n, currentBlockBest: { height: 7n, ...none } };
    state.view = {
      ...state.view,
      isDemonstration: false,
      upstreams: [
        { ...UPSTREAM, state: 'down', isActive: false },
        { ...UPSTREAM, name: '<b>second</b>' },
      ],
    };
    await status(page, 'fallback');
    await page.locator('[data-live="currentHeight"]', { hasText: /^7$/ }).waitFor();
    expect(await live(page, 'bestNote')).toBe('No submission in this block yet');
    expect(await live(page, 'bestAccountId')).toBe('–');
    expect(await page.locator('#demonstration').textContent()).toBe('');
    expect(await page.locator('[data-text="serving"]').textContent()).toBe('<b>second</b>');
    expect(await page.locator('.upstream h3').allTextContents()).toEqual(['primary-pool', '<b>second</b>']);
    state.view = { ...state.view, store: { ...state.view.store, problem: 'the disk is full' } };
    await status(page, 'not_ready');
    expect(await page.locator('#announcement').textContent()).toMatch(/database: the disk is full/);
    state.view = { ...state.view, upstreams: [UPSTREAM], store: RICH_VIEW.store };
    await status(page, 'connected');
    expect(await live(page, 'database')).toBe('4.1 kB');
  });

  it('mining dashboard - is readable and accessible on a phone, light and dark', async () => {
    const { url } = await start();
    const { page } = await openPage(browser, url, PHONE);
    await status(page, 'alarm');
    await row(page, 'machines', LONG_MACHINE).waitFor();
    await page.locator('#accounts .toggle').first().tap();
    await page.locator('#accounts tr.nested').first().waitFor();
    await expectFits(page);
    await expectTablesFit(page, ['machines', 'accounts', 'miners']);
    await expectAccessible(page);
  });
});
