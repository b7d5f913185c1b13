// The page of the enclave as a person sees it: the real server and page in a real Chromium.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeEnclaveReadiness } from '../../../src/trades/http/enclave-readiness.ts';
import { UNSTORED_SUMMARIES_MAX } from '../../../src/trades/domain/enclave-link.ts';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { expectFits } from '../../support/dashboard.ts';
import { expectNothingInline, loadedFrom } from '../../support/page-files.ts';
import { startEnclave } from './enclave.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const INPUTS = {
  platform: 'none',
  isSealKeyTemporary: false,
  isLinked: true,
  unstoredSummaries: 0,
  attestationProblem: null,
  descriptorProblem: null,
  logLoss: { lines: 0, problem: null },
} as const;

describe('page of the enclave', () => {
  it('says in words where it runs and how it is, and fits on a telephone', async () => {
    const inputs = { ...INPUTS, isSealKeyTemporary: true };
    const { url } = await startEnclave({ readiness: () => judgeEnclaveReadiness(inputs) });
    const { page } = await openPage(browser, url);
    await page.getByText('without trusted hardware: root').waitFor();
    await page.getByText('It is ready.').waitFor();
    await page.getByText('a restart forgets every account').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await axeFindings(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 320, height: 640 });
    await expectFits(page);
    for (const href of await page
      .locator('main a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href'))))
      expect((await fetch(new URL(href ?? '', url))).status).toBe(200);
  });

  it('loads nothing of others and has nothing inline', async () => {
    const { url } = await startEnclave();
    expect((await loadedFrom(url)).toSorted()).toEqual([
      '/',
      '/assets/dom.js',
      '/assets/icon.svg',
      '/assets/main.js',
      '/assets/page-modes.css',
      '/assets/page.css',
    ]);
    await expectNothingInline(url);
  });
});

describe('readiness of the enclave', () => {
  it.each([
    [{}, 'ready', { hardware: /root and the user/ }],
    [{ platform: 'nitro' }, 'ready', {}],
    [{ platform: 'tdx', attestationProblem: 'no document' }, 'not_ready', { hardware: /no document/ }],
    [{ isLinked: false }, 'ready', { link: /no service is linked; 0 summaries wait/ }],
    [{ unstoredSummaries: UNSTORED_SUMMARIES_MAX - 1 }, 'ready', {}],
    [{ unstoredSummaries: UNSTORED_SUMMARIES_MAX }, 'not_ready', { link: /polling has stopped/ }],
    [{ isSealKeyTemporary: true }, 'ready', { seal_key: /memory only/ }],
    [{ descriptorProblem: 'no descriptor' }, 'not_ready', { process: /no descriptor/ }],
  ] as const)('%j is %s', (given, status, reasons) => {
    const judged = judgeEnclaveReadiness({ ...INPUTS, ...given });
    expect(judged.status).toBe(status);
    for (const [component, reason] of Object.entries(reasons))
      expect(judged.components[component as keyof typeof judged.components].reason).toMatch(reason);
  });
});
