// The page as a person sees it: the real server and page in a real Chromium, over parts that the test changes.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BucketQuery } from '../../../src/trades/domain/questions.ts';
import type { TradesView } from '../../../src/trades/domain/view.ts';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import {
  expectAccessible,
  expectFits,
  expectTablesFit,
  live,
  PHONE,
  row,
  rows,
  status,
} from '../../support/dashboard.ts';
import { until } from '../../support/until.ts';
import { startServer } from '../http/parts.ts';
import { HOSTILE, RICH_ACCOUNTS, RICH_PARTS, RICH_VIEW, richBuckets } from '../http/rich.ts';
import { VIEW } from '../http/view.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A server whose program the test changes; the returned object is its state. */
async function start(view: TradesView = RICH_VIEW) {
  const state = { view, asked: [] as BucketQuery[] };
  const url = await startServer({
    ...RICH_PARTS,
    view: () => state.view,
    buckets: async (query) => {
      state.asked.push(query);
      return richBuckets(query);
    },
  });
  return { state, url };
}

describe('trades page', () => {
  it('trades page - shows every value exactly, and names of clients as text only', async () => {
    const { url } = await start();
    const { page } = await openPage(browser, url);
    await status(page, 'warning');
    await row(page, 'outbox', '1128').waitFor();
    await row(page, 'jobs', '00000000').waitFor();
    expect(await page.locator('#demonstration').textContent()).toMatch(/^DEMONSTRATION: /);
    for (const [name, text] of [
      ['uptime', '90 min'],
      ['collecting', '412'],
      ['failed', '6'],
      ['jobsNote', '743 of at most 1,000; 12,345 opened since the start'],
      ['taken', '1,234,567'],
      ['waiting', '1,204'],
      ['oldest', '13 min'],
      ['lastDelivery', '13 min ago'],
      ['outboxSize', '4.8 MiB of 1.0 GiB'],
      ['deadLetters', '2'],
      ['notTaken', '15'],
      ['database', '70.0 MiB'],
    ] as const)
      expect(await live(page, name), name).toBe(text);
    expect(await page.locator('#backend-problem').textContent()).toBe('the backend answered HTTP 503');
    expect(await page.locator('[data-text="backend"]').textContent()).toBe('http://localhost:3010/base');
    expect(await page.locator('#attempts tr[data-label="tried again"]').getAttribute('data-count')).toBe(
      '512',
    );
    expect(await page.locator('#accounts-note').textContent()).toBe('Polled by the enclave');
    // Those in trouble come first, with the reason and the exchange's number.
    await row(page, 'accounts', RICH_ACCOUNTS[1]?.accountId ?? '').waitFor();
    const [troubled, refused] = [rows(page, 'accounts').first(), rows(page, 'accounts').last()];
    expect(await troubled.locator('.state').textContent()).toBe('Stale');
    expect(await troubled.locator('.line.bad').textContent()).toMatch(/a key of its own/);
    expect(await refused.locator('.line.bad').textContent()).toMatch(/^The exchange refuses .*\(-2015\)$/);
    expect(await refused.textContent()).toContain('–');
    expect(await page.locator('.notes').textContent()).toMatch(/flatters who never closes a loss/);
    expect(await page.locator('.notes').textContent()).toMatch(/what their clients reported/);
    // A dead letter has its reason and the command that sends it again.
    const dead = row(page, 'outbox', '1128');
    expect(await dead.locator('.line.bad').textContent()).toBe(
      'HTTP status 401: the backend does not know the key',
    );
    expect(await dead.locator('code').textContent()).toBe('./aggregator outbox replay 1128');
    expect(await page.locator('img').count()).toBe(1);
    expect(await page.locator('main script, main b').count()).toBe(0);
    expect(await rows(page, 'outbox').first().locator('th').textContent()).toBe(HOSTILE);
    expect(await rows(page, 'jobs').first().locator('th').textContent()).toBe(HOSTILE);
    await expectFits(page);
    expect(await axeFindings(page)).toEqual([]);
  });

  it('trades page - charts all clients or one; the tables go back and filter', async () => {
    const { state, url } = await start();
    const { page } = await openPage(browser, url);
    const reading = page.locator('[data-chart="trades"] .reading');
    await page.locator('[data-chart="volume"] canvas').waitFor();
    expect(await reading.textContent()).toMatch(/^now \d+ · low 0 · high 129$/);
    await page.locator('#client option', { hasText: HOSTILE }).waitFor({ state: 'attached' });
    await page.locator('#client').selectOption(HOSTILE);
    await until(
      'the rows of one client',
      async () => (await reading.textContent())?.endsWith('high 13') === true,
    );
    expect(state.asked.at(-1)?.clientId).toBe(HOSTILE);
    // The client stands in the address, so the back button shows all clients again.
    await page.goBack();
    await until('all clients', async () => (await reading.textContent())?.endsWith('high 129') === true);
    expect(await page.locator('#client').inputValue()).toBe('');
    await page.goForward();
    await until('the one client', async () => (await page.locator('#client').inputValue()) === HOSTILE);
    await page.locator('#range input[value="10y"]').check();
    await page
      .locator('[data-text="step"]', { hasText: /^per \d+ d$/ })
      .first()
      .waitFor();

    await row(page, 'outbox', '1130').waitFor();
    await page.locator('#outbox-older').click();
    await row(page, 'outbox', '1080').waitFor();
    await page.locator('#outbox-older').click();
    await row(page, 'outbox', '1001').waitFor();
    expect(await page.locator('#outbox-older').isDisabled()).toBe(true);
    await page.locator('#outbox-newest').click();
    await row(page, 'outbox', '1130').waitFor();
    await page.locator('#outbox-state input[value="dead"]').check();
    await until('the dead letters', async () => (await rows(page, 'outbox').count()) === 2);
  });

  it('trades page - begins with a span that has trades, however old', async () => {
    const atMs = Date.now() - 200 * 86_400_000;
    const url = await startServer({
      buckets: async ({ fromMs, toMs }) => ({
        stepMs: 86_400_000,
        points: atMs < fromMs || atMs >= toMs ? [] : [{ atMs, trades: 5, volumeQuote: 2, feesUsd: 1 }],
      }),
    });
    const { page } = await openPage(browser, url);
    await page.locator('[data-chart="trades"] canvas').waitFor();
    expect(await page.locator('#range input[value="1y"]').isChecked()).toBe(true);
  });

  it('trades page - is live: a backend that is back, accounts, a database that cannot be written', async () => {
    const { state, url } = await start();
    const { page } = await openPage(browser, url, { allowed: /Failed to load resource|ERR_/ });
    await status(page, 'warning');
    state.view = {
      ...VIEW,
      accounts: { ...VIEW.accounts, online: 3, stale: 1, known: 4, isLinked: true },
      outbox: { ...VIEW.outbox, lastDeliveredAtMs: null, waiting: 0 },
    };
    await status(page, 'connected');
    expect(await page.locator('#demonstration').textContent()).toBe('');
    expect(await page.locator('#announcement').textContent()).toBe('');
    expect(await page.locator('#backend-problem').textContent()).toBe('');
    expect(await live(page, 'lastDelivery')).toBe('None');
    expect(await page.locator('#accounts').isVisible()).toBe(true);
    expect(await page.locator('#accounts-counts').isVisible()).toBe(true);
    expect(await live(page, 'accountsOnline')).toBe('3');
    state.view = { ...state.view, accounts: VIEW.accounts };
    await page.locator('#accounts-note', { hasText: /^No account is polled/ }).waitFor();
    expect(await page.locator('#accounts').isVisible()).toBe(false);
    state.view = { ...state.view, store: { ...state.view.store, problem: 'the disk is full' } };
    await status(page, 'not_ready');
    expect(await page.locator('#announcement').textContent()).toMatch(/database: the disk is full/);
    expect(await live(page, 'database')).toBe('In trouble');
  });

  it('trades page - is readable and accessible on a phone, light and dark', async () => {
    const { url } = await start();
    const { page } = await openPage(browser, url, PHONE);
    await status(page, 'warning');
    await row(page, 'outbox', '1128').waitFor();
    await expectFits(page);
    await expectTablesFit(page, ['outbox', 'jobs']);
    await expectAccessible(page);
  });
});
