// The page and the badges on another site, in a real Chromium: a site of EMBED_ORIGINS may show the page in a frame, others
// may not; a badge is an image that any site may show.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { answeringServer } from '../../support/http-servers.ts';
import { until } from '../../support/until.ts';
import { createServer, startServer } from '../http/parts.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

it('frames - a named site shows the page, another server shows it nowhere, and a badge is an image', async () => {
  const html = { 'content-type': 'text/html' };
  const site = await answeringServer((_seen, response) => void response.writeHead(200, html).end(''));
  onTestFinished(() => site.close());
  const origin = new URL(site.url).origin;
  const { url } = await createServer({}, { embedOrigins: ['https://www.example.com', origin] }).start();
  const closed = await startServer();
  const body = [
    `<iframe name="open" src="${url}/"></iframe>`,
    `<iframe name="closed" src="${closed}/"></iframe>`,
    `<img src="${url}/badge/online.svg?label=Nodes">`,
  ].join('');
  site.behave((_seen, response) => void response.writeHead(200, html).end(body));
  const { page } = await openPage(browser, site.url, { allowed: /^foreign|frame-ancestors|Failed to load/ });
  const frameOf = (name: string) => page.frame({ name });
  await until('the numbers in the frame', async () => {
    const shown = await frameOf('open')?.locator('[data-live="online"]').first().textContent();
    return shown === '2';
  });
  await until('the refusal', () => frameOf('closed')?.url().startsWith('chrome-error://'));
  expect(await page.evaluate("document.querySelector('img').naturalWidth")).toBeGreaterThan(60);
  expect(await page.evaluate("document.querySelector('img').naturalHeight")).toBe(20);
});
