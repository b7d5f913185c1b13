// A real Chromium, as scripts/test-tools.sh found or fetched it, and what every test of the page watches: errors on the
// console, and requests to any other host.

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-dev-shm-usage',
];

/** `more` are further arguments of the browser. */
export async function launchBrowser(...more: readonly string[]): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, and requests to other hosts. */
  readonly complaints: readonly string[];
}

/** Opens a page; when the test is over, each complaint must match `allowed`. */
export async function openPage(
  browser: Browser,
  url: string,
  { allowed, ...options }: BrowserContextOptions & { readonly allowed?: RegExp } = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`foreign: ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints.filter((complaint) => allowed?.test(complaint) !== true)).toEqual([]);
  });
  await page.goto(url);
  return { page, complaints };
}
