// The page of the reference backend as a person sees it: the real backend, database and page in a real Chromium.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { expectNothingInline, expectTextOnly } from '../../support/page-files.ts';
import { expectFits } from '../../support/dashboard.ts';
import { until } from '../../support/until.ts';
import { bucket, type RunningBackend, type Sketch, signed, startBackend } from './running.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const HOSTILE = `<img src=x onerror=alert(1)>"'&\u202Edlog\u202C ${'w'.repeat(120)}`;

const HISTORY: readonly Sketch[] = [
  ...[1, 2, -3, 1.5, 0].map(
    (returnPct, at): Sketch => ({
      period: [at, at + 1],
      buckets: [bucket(at, returnPct, { trades: 2 })],
      metadata: { seq: at + 1 },
    }),
  ),
  { period: [7, 8], buckets: [bucket(7, 2.5)], metadata: { seq: 8 } },
  { period: [8, 9], buckets: [bucket(8, -1)], metadata: { seq: 9 } },
  {
    period: [8, 9],
    buckets: [bucket(8, 1)],
    metadata: { seq: 9, unconverted: { BNB: { volume: 1, fees: 0, profit: 0 } } },
  },
  {
    clientId: HOSTILE,
    exchange: HOSTILE,
    period: [0, 3],
    buckets: [bucket(0, 10, { volume_quote: 12_345.678 }), bucket(2, -20)],
    metadata: { provenance: 'client_reported', quote: HOSTILE.slice(0, 20) },
  },
];

async function start(): Promise<RunningBackend> {
  const backend = await startBackend();
  for (const sketch of HISTORY) expect((await backend.post(await signed(sketch))).status).toBe(200);
  return backend;
}

const text = (page: Page, selector: string) => page.locator(selector).first().textContent();
const choose = (page: Page, client: number) =>
  page.locator(`#clients tr[data-row="${client}"] button`).click();

describe('page of the reference backend', () => {
  it('shows clients, provenance, figures, findings and periods, and follows what comes', async () => {
    const backend = await start();
    const { page } = await openPage(browser, backend.url);
    await page.locator('#status[data-status="connected"]').waitFor();
    // The client heard last is shown first: it is a job's.
    await until('the job', async () => (await text(page, '#client-title')) === HOSTILE);
    expect(await text(page, '#provenance')).toMatch(/^Unverified: the client itself reports these figures/);
    expect(await text(page, '[data-client="totalReturn"]')).toBe('-12.00 %');
    expect(await text(page, '[data-client="drawdown"]')).toBe('-20.00 %');
    expect(await text(page, '[data-client="line"]')).toBe('No line: jobs');
    expect(await text(page, '#summaries tbody td')).toBe('Job');
    await choose(page, 1);
    await until('the account', async () => (await text(page, '#client-title')) === 'account-1');
    expect(await text(page, '#provenance')).toMatch(/^Polled/);
    // 1.01 × 1.02 × 0.97 × 1.015 × 1.025 × 0.99: of the fork the first one counts.
    expect(await text(page, '[data-client="totalReturn"]')).toBe('+2.92 %');
    expect(await text(page, '[data-client="line"]')).toBe('2 numbers missing, 1 gap, 1 fork');
    const kinds = await page
      .locator('#findings tbody tr')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-finding')));
    expect(kinds).toEqual(['missing', 'gap', 'fork']);
    expect(await page.locator('#summaries tbody tr').count()).toBe(8);
    expect(await text(page, '#summaries tbody tr:first-child')).toContain('Not used');
    expect(await text(page, '#summaries tbody tr:first-child')).toContain('unconverted');
    await page.locator('[data-chart="growth"][data-points="8"] canvas').waitFor();
    await page.locator('[data-chart="volume"] canvas').waitFor();
    // A summary that comes now shows without a click.
    await backend.post(await signed({ period: [9, 10], buckets: [bucket(9, 10)], metadata: { seq: 10 } }));
    await until(
      'the new figure',
      async () => (await text(page, '[data-client="totalReturn"]')) === '+13.22 %',
    );
    expect(await text(page, '[data-live="summaries"]')).toBe('10');
  });

  it('has no serious fault and no sideways scroll, light and dark, wide and narrow', async () => {
    const backend = await start();
    const { page } = await openPage(browser, backend.url);
    await page.locator('[data-chart="volume"] canvas').waitFor();
    for (const client of [2, 1]) {
      await choose(page, client);
      await page.locator(`#clients tr[data-row="${client}"] button[aria-pressed="true"]`).waitFor();
      await until(
        'the client',
        async () => (await text(page, '#client-title')) === [HOSTILE, 'account-1'][2 - client],
      );
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await expectFits(page);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect([client, width, colorScheme, await axeFindings(page)]).toEqual([
            client,
            width,
            colorScheme,
            [],
          ]);
        }
      }
    }
  });

  it('says so while nothing was received, and in words when the database takes nothing', async () => {
    const pagesMax = new Int32Array(new SharedArrayBuffer(4));
    const backend = await startBackend({ seams: { pagesMax } });
    const { page } = await openPage(browser, backend.url);
    await page.locator('#clients td.none').waitFor();
    expect(await text(page, '#clients td.none')).toBe('No summary was received yet.');
    expect(await page.locator('#client').isVisible()).toBe(false);
    pagesMax[0] = 1;
    const buckets = Array.from({ length: 2_000 }, (_, at) => bucket(at, 0));
    expect((await backend.post(await signed({ period: [0, 2_000], buckets }))).status).toBe(503);
    await page.locator('#status[data-status="not_ready"]').waitFor();
    expect(await text(page, '#announcement')).toMatch(/^Summaries are not taken\. database: .*disk is full/);
  });

  it('loads only its own files, and writes texts of others as text', async () => {
    const { url } = await startBackend();
    await expectTextOnly(url);
    await expectNothingInline(url);
  });
});
