// Many tabs of one browser, and a page below a path of a reverse proxy: the real program, a real broker, a real
// Chromium.

import { connect } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { FEED_CLIENTS_MAX } from '../../../src/http/feed.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { send } from '../../support/federation.ts';
import { heartbeat } from '../../support/messages.ts';
import { connectTo, launch, testFolder } from '../../support/program.ts';
import { command, createKey } from '../../support/signed.ts';
import { proxyBelow } from '../../support/sub-path.ts';
import { until } from '../../support/until.ts';

/** One more than a browser has connections to one host, which tabs without a shared feed would need. */
const TABS = 7;
/** The time for these tabs to open and become live; on a busy machine fifteen need as much, opened one by one. */
const LIVE_MAX_MS = 5000;
/** The wait for a tab: a broken tab never succeeds, so only a busy machine needs this long. */
const timeout = 60_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

async function newContext(): Promise<BrowserContext> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  return context;
}

const status = (page: Page, name: string) =>
  page.locator(`#status[data-status="${name}"]`).waitFor({ timeout });

async function started(name: string, more: Readonly<Record<string, string>> = {}) {
  const own = await testFolder(name);
  const env = { ...own.env, ...more };
  const program = launch(env);
  await program.ready();
  const connection = await connectTo(own.natsUrl);
  let nodes = 0;
  return {
    env,
    program,
    url: await program.url(),
    /** One node more beats, and all these tabs show it. */
    async expectMoving(pages: readonly Page[]) {
      await send(connection, [heartbeat(`node-${++nodes}`)]);
      const online = (page: Page) =>
        page.locator('[data-live="online"]', { hasText: new RegExp(`^${nodes}$`) });
      await Promise.all(pages.map((page) => online(page).waitFor({ timeout })));
    },
  };
}

/** Resolves when a feed is open, which is then held until the test is over. */
function holdFeed(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write('GET /api/federation/events HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    socket.once('data', () => resolve());
    socket.once('error', reject);
    socket.resume();
    onTestFinished(() => void socket.destroy());
  });
}

describe('tabs', () => {
  it('tabs - seven tabs of one browser are live over one feed, and stay live whichever is closed or frozen, or when the worker ends', async () => {
    const { program, url, expectMoving } = await started('tabs');
    const context = await newContext();
    const open = async () => {
      const page = await context.newPage();
      await page.goto(url);
      await status(page, 'connected');
      return page;
    };
    const startedMs = performance.now();
    const alone = await open();
    const aloneMs = performance.now() - startedMs;
    await alone.close();
    const pages = await Promise.all(Array.from({ length: TABS }, open));
    const tookMs = performance.now() - startedMs - aloneMs;
    expect(tookMs).toBeLessThan(Math.max(LIVE_MAX_MS, 15 * aloneMs));
    await expectMoving(pages);
    expect(await program.metric('aggregator_feed_clients')).toBe(1);
    // The questions of the tabs are answered too.
    await Promise.all(pages.map((page) => page.locator('[data-node="node-1"]').waitFor()));

    // The first tab started the worker.
    const [first, second, ...others] = pages as [Page, Page, ...Page[]];
    await first.close();
    await expectMoving([second, ...others]);

    // A frozen tab delays no other, and is live again when it is shown.
    const session = await context.newCDPSession(second);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await expectMoving(others);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await expectMoving([second, ...others]);

    // The browser may end the worker's process.
    const ends = await browser.newBrowserCDPSession();
    const { targetInfos } = await ends.send('Target.getTargets');
    const workers = targetInfos.filter(({ type }) => type === 'shared_worker');
    expect(workers).toHaveLength(1);
    for (const { targetId } of workers) await ends.send('Target.closeTarget', { targetId });
    await until('the feed to end', async () => (await program.metric('aggregator_feed_clients')) === 0);
    await expectMoving([second, ...others]);
    await until('one feed again', async () => (await program.metric('aggregator_feed_clients')) === 1);

    await Promise.all(others.map((page) => page.close()));
    await expectMoving([second]);
    await second.close();
    await until('no feed', async () => (await program.metric('aggregator_feed_clients')) === 0);
  });

  it('tabs - without a shared worker in the browser each tab asks for itself, and shows its numbers', async () => {
    const { program, url, expectMoving } = await started('tabs-alone');
    const context = await newContext();
    await context.addInitScript('delete globalThis.SharedWorker');
    // The browser's clock is two hours ahead, which has no effect.
    await context.addInitScript('{ const now = Date.now; Date.now = () => now() + 7_200_000; }');
    // One more than a browser has connections.
    const pages = await Promise.all(Array.from({ length: 7 }, () => context.newPage()));
    await Promise.all(pages.map((page) => page.goto(url)));
    await Promise.all(pages.map((page) => status(page, 'connected')));
    await expectMoving(pages);
    const seen = pages[0]?.locator('[data-node="node-1"] [data-seen]');
    await seen?.waitFor();
    expect(await seen?.textContent()).toMatch(/^(?:just now|\d+ s ago)$/);
    expect(await program.metric('aggregator_feed_clients')).toBe(0);
  });

  it('tabs - if the aggregator has no feed left, the page polls instead', async () => {
    const { program, url, expectMoving } = await started('tabs-full');
    await Promise.all(Array.from({ length: FEED_CLIENTS_MAX }, () => holdFeed(url)));
    const page = await (await newContext()).newPage();
    await page.goto(url);
    await status(page, 'connected');
    expect(await program.metric('aggregator_feed_clients_refused_total')).toBeGreaterThan(0);
    // It asks every five seconds.
    await expectMoving([page]);
  });

  it('tabs - each tab sees only the data of its own key, however many keys there are', async () => {
    const { env, program, url, expectMoving } = await started('tabs-keys', { API_AUTH: 'required' });
    const keys = [];
    for (let index = 0; index < 4; index++) keys.push(await createKey(env, '--permissions', 'subscribe'));
    const context = await newContext();
    const open = async (key: string | null) => {
      const page = await context.newPage();
      await page.goto(url);
      if (key !== null) {
        await page.locator('#key').fill(key);
        await page.keyboard.press('Enter');
      }
      return page;
    };
    const [revoked, kept] = keys as [(typeof keys)[0], (typeof keys)[0]];
    const locked = await open(null);
    const pages = await Promise.all([...keys, revoked, kept].map(({ key }) => open(key)));
    await Promise.all(pages.map((page) => status(page, 'connected')));
    await expectMoving(pages);
    await status(locked, 'locked');
    expect(await locked.locator('[data-live="online"]').textContent()).toBe('–');
    // A browser has three feeds at most: the other tabs poll.
    expect(await program.metric('aggregator_feed_clients')).toBeLessThanOrEqual(3);

    await command(env, 'keys', 'revoke', revoked.keyId);
    const isRevoked = (page: Page) => [pages[0], pages[4]].includes(page);
    await Promise.all(pages.filter(isRevoked).map((page) => status(page, 'locked')));
    await expectMoving(pages.filter((page) => !isRevoked(page)));
    // A new tab with the revoked key does not get even the earlier numbers.
    const late = await open(revoked.key);
    await late.locator('#key-problem', { hasText: /^The key that was given is not in force/ }).waitFor();
    expect(await late.locator('[data-live="online"]').textContent()).toBe('–');
    // Text that is not a key is not sent.
    await late.locator('#key').fill('“no key”');
    await late.keyboard.press('Enter');
    await late.locator('#key-problem', { hasText: /^That is no API key: a key has 43 characters/ }).waitFor();
  });
});

describe('sub-path', () => {
  it('sub-path - the page, its feed, its questions and its links stay below the path that a reverse proxy gives it', async () => {
    const { env, url, expectMoving } = await started('sub-path', { API_AUTH: 'required' });
    const { key } = await createKey(env, '--permissions', 'subscribe');
    const proxy = await proxyBelow(url, '/behind/one/', '/behind/two/');
    const below = `${proxy}/behind/one/`;
    // The path without its slash; the proxy redirects, as nginx does. A request outside the path gives a 404, and so a
    // complaint.
    const { page } = await openPage(browser, below.slice(0, -1), { allowed: /status of 401/ });
    expect(page.url()).toBe(below);
    await page.locator('#key').fill(key);
    await page.keyboard.press('Enter');
    await status(page, 'connected');
    await expectMoving([page]);
    await page.locator('[data-node="node-1"]').waitFor();
    await page.locator('[data-chart="nodes"] canvas').waitFor();
    expect(await page.evaluate("document.querySelector('.brand img').naturalWidth")).toBeGreaterThan(0);
    // Styled, and by every file that it names.
    const named = await page.evaluate('document.querySelectorAll("link[rel=stylesheet]").length');
    expect(await page.evaluate('document.styleSheets.length')).toBe(named);

    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('a[href]')].map(({ href }) => href)",
    );
    expect(links.length).toBeGreaterThan(3);
    const headers = { authorization: `Bearer ${key}` };
    for (const link of links) {
      expect(link.startsWith(below), link).toBe(true);
      expect((await fetch(link, { headers })).status, link).toBe(200);
    }
    const { servers } = (await (await fetch(`${below}api/openapi.json`, { headers })).json()) as {
      servers: { url: string }[];
    };
    expect(servers.map((server) => new URL(server.url, `${below}api/openapi.json`).href)).toEqual([below]);

    // Another aggregator on the same host, in the same tab, does not get the key.
    await page.goto(`${proxy}/behind/two/`);
    await status(page, 'locked');
  });
});
