// The table of nodes, the page of a node and the list of events, as a person uses them: the real program, a real broker, a
// real Chromium.

import Sqlite from 'better-sqlite3';
import type { Browser, Page } from 'playwright-core';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import type { Aggregator } from '../../support/aggregator.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { expectFits, status } from '../../support/dashboard.ts';
import { keepBeating, send, shown } from '../../support/federation.ts';
import { heartbeat, nodeLeft } from '../../support/messages.ts';
import { connectTo, launch, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const IDS = Array.from({ length: 230 }, (_, index) => `node-${String(index).padStart(4, '0')}`);
const LEFT = 'node-0007';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** The used members of an element, because the tests do not load the types of a browser. */
interface Shown {
  readonly textContent: string | null;
  marked?: boolean;
  getAttribute(name: string): string | null;
}

const hash = (page: Page) => page.evaluate<string>('location.hash');
const ids = (page: Page, table = 'nodes') =>
  page
    .locator(`#${table} tbody tr[data-node]`)
    .evaluateAll((rows: readonly Shown[]) => rows.map((row) => row.getAttribute('data-node') ?? ''));
const row = (page: Page, id: string, table = 'nodes') => page.locator(`#${table} tr[data-node="${id}"]`);
const isPage = (page: Page, number: number, pages = 3) =>
  page.locator('#page', { hasText: `Page ${number} of ${pages}` }).waitFor();

/** A program that heard 230 nodes, of which one left, came back and left again. */
async function launchFilled(
  name: string,
): Promise<{ program: Aggregator; connection: NatsConnection; url: string }> {
  const own = await testFolder(name);
  const program = launch({ ...own.env });
  await program.ready();
  const connection = await connectTo(own.natsUrl);
  await send(
    connection,
    IDS.map((id) => heartbeat(id)),
  );
  await shown(program, { totalNodes: IDS.length });
  for (const message of [nodeLeft(LEFT), heartbeat(LEFT), nodeLeft(LEFT)]) {
    const before = Number((await program.get(`/api/federation/events-log?node=${LEFT}`)).body['total']);
    await send(connection, [message]);
    await until('the event', async () => {
      const { body } = await program.get(`/api/federation/events-log?node=${LEFT}`);
      return Number(body['total']) === before + 1;
    });
  }
  return { program, connection, url: await program.url() };
}

/** The public page shows no events, and hides the nodes that a proxy keeps back, without asking for a key. */
async function expectPublic(url: string): Promise<void> {
  const { page } = await openPage(browser, `${url}/public`, { allowed: /403/ });
  await page.locator('#nodes-section').waitFor();
  await page.route('**/api/federation/nodes**', (route) =>
    route.fulfill({ status: 403, json: { error: 'refused' } }),
  );
  await page.reload();
  await page.locator('#nodes-section').waitFor({ state: 'hidden' });
  expect(await page.locator('#key-form').isHidden()).toBe(true);
  expect(await page.locator('#latest').isHidden()).toBe(true);
  expect(await page.locator('.views').isHidden()).toBe(true);
  await page.goto(`${url}/public#/events`);
  await page.locator('#view-dashboard').waitFor();
  expect(await page.locator('#view-events').isHidden()).toBe(true);
}

describe('nodes page', () => {
  it('keeps search, state, order and page of the table in the address, and the page of a node has all that is stored of it', async () => {
    const { url } = await launchFilled('nodes-page');
    const { page } = await openPage(browser, url, {
      permissions: ['clipboard-read', 'clipboard-write'],
      // Of the node that the aggregator does not know.
      allowed: /404/,
    });
    await status(page, 'connected');
    await isPage(page, 1);

    // Each choice is a place in the history of the browser.
    await page.locator('#nodes th[data-sort="nodeId"] button').click();
    await until('rising ids', async () => (await ids(page))[0] === 'node-0000');
    await page.locator('#nodes-section .jump input').fill('3');
    await page.keyboard.press('Enter');
    await isPage(page, 3);
    expect(await hash(page)).toBe('#/?sort=nodeId&page=3');
    expect((await ids(page)).length).toBe(30);
    await page.locator('#nodes-section').getByRole('button', { name: 'First', exact: true }).click();
    await isPage(page, 1);
    await page.locator('[data-nodes-of="offline"]').click();
    await until('the node that left', async () => (await ids(page)).join() === LEFT);
    expect(await hash(page)).toBe('#/?sort=nodeId&state=offline');
    expect(await page.locator('#state').inputValue()).toBe('offline');
    await page.goBack();
    await isPage(page, 1);
    await page.goBack();
    await isPage(page, 3);
    expect(await page.locator('#state').inputValue()).toBe('');
    await page.reload();
    await isPage(page, 3);
    expect((await ids(page))[0]).toBe('node-0200');
    expect(await page.locator('#nodes th[data-sort="nodeId"]').getAttribute('aria-sort')).toBe('ascending');
    await page.goto(`${url}/#/?q=NODE-000&sort=-uptime&page=x`);
    await page.locator('#nodes-count', { hasText: '10 nodes found' }).waitFor();
    expect(await page.locator('#search').inputValue()).toBe('NODE-000');

    // A row leads to the page of its node, and the back button to the same rows.
    await row(page, LEFT).locator('td.up').click();
    await page.locator('#node-title', { hasText: LEFT }).waitFor();
    expect(await hash(page)).toBe(`#/node/${LEFT}`);
    // The keys go on from the new view.
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(await page.title()).toBe(`${LEFT} · Truebit federation`);
    await page.locator('#node-state', { hasText: /^Offline since / }).waitFor();
    const changes = page.locator('#transitions tbody tr');
    expect(await changes.locator('.cause').allTextContents()).toEqual([
      'It announced that it leaves',
      'It gave a sign of life',
      'It announced that it leaves',
    ]);
    expect(await changes.locator('.change').first().textContent()).toBe('Online → Offline');
    expect(await page.locator('#node-heartbeats').textContent()).toBe('2');
    // The strip says what each cell means, to the pointer and to the keys.
    await page.locator('#node-window label', { hasText: '7 d' }).click();
    await until('the window', async () => (await hash(page)) === `#/node/${LEFT}?window=7d`);
    await until('its cells', async () => {
      const box = await page.locator('#node-strip svg').getAttribute('viewBox');
      return box === `0 0 ${84 * 4} 18`;
    });
    await page.locator('#node-strip').focus();
    await page.keyboard.press('End');
    const read = await page.locator('#node-strip-read').textContent();
    expect(read).toMatch(/\d\d:\d\d.*: (?:up|offline)/);
    expect(await page.locator('#node-strip .tip').textContent()).toBe(read);
    await page.keyboard.press('Home');
    expect(await page.locator('#node-strip-read').textContent()).toMatch(/: not observed yet$/);
    await page.locator('#node-copy').click();
    await page.locator('#node-copy', { hasText: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(LEFT);
    expect(await page.locator('#node-events').getAttribute('href')).toBe(`#/events?node=${LEFT}`);
    expect(await axeFindings(page)).toEqual([]);
    await page.goBack();
    await page.goBack();
    await page.locator('#nodes-count', { hasText: '10 nodes found' }).waitFor();
    expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(200);

    await page.goto(`${url}/#/node/node-nobody`);
    await page.locator('#node-problem', { hasText: 'does not know a node' }).waitFor();
    expect(await page.locator('#node-known').isHidden()).toBe(true);
  });

  it('lets the order stand still while someone reads, keeps the selection, and shows pinned nodes by their own names', async () => {
    const { connection, url } = await launchFilled('nodes-order');
    const { page } = await openPage(browser, `${url}/#/?sort=-heartbeats`);
    await isPage(page, 1);
    await row(page, LEFT).locator('.pin').click();
    await page.locator(`#pinned tr[data-node="${LEFT}"]`).waitFor();
    await row(page, LEFT, 'pinned').locator('a.id').click();
    await page.locator('#node-name').fill('Attic');
    await page.keyboard.press('Enter');
    await page.locator('.back a').click();
    await row(page, LEFT, 'pinned').locator('.own', { hasText: 'Attic' }).waitFor();

    // With a text selected, a new order waits and new values do not.
    await page.locator('#nodes').scrollIntoViewIfNeeded();
    const first = await ids(page);
    const chosen = row(page, first[3] ?? '');
    await chosen.evaluate((element: Shown) => {
      element.marked = true;
    });
    await chosen.locator('a.id').selectText();
    keepBeating(connection, ['node-0150', first[3] ?? '']);
    const changes = page.locator('#nodes-section .changes.waiting', { hasText: /^\d+ changes: show$/ });
    await changes.waitFor();
    expect(await ids(page)).toEqual(first);
    expect(await page.evaluate('getSelection().toString()')).toContain(first[3]);
    await until('a new value', async () => Number(await chosen.locator('td').nth(4).textContent()) > 1);
    expect(await chosen.evaluate((element: Shown) => element.marked)).toBe(true);
    await changes.click();
    await until('the new order', async () => (await ids(page)).slice(0, 2).includes(first[3] ?? ''));
    expect(await chosen.evaluate((element: Shown) => element.marked)).toBe(true);

    // Pins stay, whatever the table shows.
    await page.goto(`${url}/#/?page=3`);
    await page.reload();
    await isPage(page, 3);
    await row(page, LEFT, 'pinned').locator('.own', { hasText: 'Attic' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await row(page, LEFT, 'pinned').locator('.pin').click();
    await page.locator('#pinned-card').waitFor({ state: 'hidden' });
  });

  it('says why a node is online although its last sign of life is old', async () => {
    const own = await testFolder('nodes-old');
    const program = launch({ ...own.env });
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    await send(connection, [heartbeat('node-quiet')]);
    await shown(program, { totalNodes: 1 });
    await program.stop();
    // As after a night without the aggregator: the sign of life is old, and no silence was observed since.
    const database = new Sqlite(own.databasePath);
    database.prepare('UPDATE nodes SET last_ms = last_ms - 28800000').run();
    database.close();
    const again = launch({ ...own.env });
    await again.ready();
    const { page } = await openPage(browser, await again.url(), { locale: 'de-DE' });
    const seen = row(page, 'node-quiet').locator('td.seen');
    await until('the reason', async () => (await seen.textContent()) === 'vor 8 h seitdem nicht beobachtet');
    expect(await seen.locator('[data-seen]').getAttribute('title')).toMatch(
      /Trotzdem online: .* Nach 150 s beobachteter Stille/,
    );
    await row(page, 'node-quiet').locator('a.id').click();
    await page.locator('#node-why', { hasText: 'Trotzdem online' }).waitFor();
  });

  it('lists events by their day with filters in the address and a feed, and fits every screen', async () => {
    const { url } = await launchFilled('events-page');
    const { page } = await openPage(browser, url);
    await page.locator('#latest-events li', { hasText: LEFT }).first().waitFor();
    expect(await page.locator('#latest-events li').count()).toBe(5);
    await page.locator('.views a', { hasText: 'Events' }).click();
    await page.locator('#events-count', { hasText: `${IDS.length + 4} events` }).waitFor();
    expect(await page.title()).toBe('Events · Truebit federation');
    expect(await page.locator('#events .day').count()).toBe(1);
    await page.locator('#event-filters summary').click();
    await page.locator('#event-kinds input[value="node_offline"]').check();
    await page.locator('#event-kinds input[value="started"]').check();
    await page.locator('#events-count', { hasText: '3 events found' }).waitFor();
    expect(await hash(page)).toBe('#/events?kind=node_offline%2Cstarted');
    expect(await page.locator('#events .event').allTextContents()).toEqual([
      `Node ${LEFT} went offline: it announced that it leaves.`,
      `Node ${LEFT} went offline: it announced that it leaves.`,
      'The aggregator started with a new database.',
    ]);
    await page.locator('#event-node').fill(LEFT);
    await page.keyboard.press('Enter');
    await page.locator('#events-count', { hasText: '2 events found' }).waitFor();
    const feed = await page.locator('#event-feed').getAttribute('href');
    expect(feed).toBe(`api/federation/events-log.rss?kind=node_offline%2Cstarted&node=${LEFT}`);
    const answer = await fetch(`${url}/${feed}`);
    expect((await answer.text()).match(/<item>/g)?.length).toBe(2);
    await page.locator('#event-from').fill('2020-01-01T00:00');
    await page.locator('#event-to').fill('2019-01-01T00:00');
    await page.locator('#events-problem', { hasText: 'The first time must be before' }).waitFor();
    await page.reload();
    const from = page.locator('#event-from');
    await until('the filter', async () => (await from.inputValue()) === '2020-01-01T00:00');
    await page.locator('#event-clear').click();
    await page.locator('#events-count', { hasText: `${IDS.length + 4} events` }).waitFor();
    await page.goBack();
    await page.locator('#events-problem', { hasText: 'The first time must be before' }).waitFor();
    // A browser takes years of six digits, the API does not.
    await page.locator('#event-to').fill('123456-01-01T00:00');
    await page.locator('#events-problem', { hasText: 'years 1970 to 9999' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);

    for (const [width, colorScheme] of [
      [320, 'dark'],
      [390, 'light'],
      [820, 'light'],
      [2560, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const path of ['#/?sort=nodeId', `#/node/${LEFT}?window=30d`, '#/events']) {
        await page.goto(`${url}/${path}`);
        if (path.startsWith('#/?')) {
          await page.locator('#nodes tr[data-node]').first().waitFor();
          const beyond =
            "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('#nodes').parentElement)";
          expect(await page.evaluate(beyond), `${width} ${path}`).toBe(0);
          expect(await row(page, 'node-0000').locator('.strip').isVisible()).toBe(true);
          expect(await row(page, 'node-0000').locator('td.up').isVisible()).toBe(true);
        } else if (path.includes('node')) await page.locator('#node-strip svg').waitFor();
        await expectFits(page);
        if (width !== 390) expect(await axeFindings(page), `${width} ${path}`).toEqual([]);
      }
    }
    await expectPublic(url);
  });
});
