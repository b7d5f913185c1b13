// The charts as a person uses them: their address, gaps and marks with names, the keyboard, the form of the span, pictures
// and rows to take away, and labels that are never cut. The real program, a real broker, a real Chromium.

import { readFileSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { type OwnFolder, ownFolder } from '../../support/embedded.ts';
import { send, shown } from '../../support/federation.ts';
import { heartbeat } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const CHARTS = ['nodes', 'tasks', 'invoices', 'success'];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of the recorded past: from 19 to 5 hours ago nothing was recorded. */
const GAP_MINUTES = { from: 19 * 60, to: 5 * 60 };

let browser: Browser;
let own: OwnFolder;
let program: Aggregator;
/** The page of a program with a past. All tests but one share it. */
let url = '';
beforeAll(async () => {
  browser = await launchBrowser();
  own = await ownFolder('charts');
  const env = { ...own.env, WORKERS: '1' };
  const first = startAggregator(env);
  await first.ready();
  await first.stop();
  recordPast(own.databasePath, Date.now());
  program = startAggregator(env);
  await program.ready();
  url = await program.url();
});
afterAll(async () => {
  await program.stop();
  await browser.close();
  rmSync(own.folder, { recursive: true, force: true });
});

/** Three days of the past with a gap and large numbers, as the program records them. */
function recordPast(databasePath: string, nowMs: number): void {
  const database = new Sqlite(databasePath);
  const insert = database.prepare(`INSERT INTO network_stats (recorded_at, stat_period, active_nodes,
      total_nodes_seen, total_tasks, completed_tasks, failed_tasks, cached_tasks, total_invoices, success_rate,
      cache_hit_rate, created_at, interval_ms)
    VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', ?, 'unixepoch'), ?, ?, 5, ?, 9, 1, 0, 4, ?, 0, '', 300000)`);
  database.transaction(() => {
    for (let minutes = 3 * 1440; minutes > 90; minutes -= 5) {
      if (minutes < GAP_MINUTES.from && minutes > GAP_MINUTES.to) continue;
      const wave = Math.sin(minutes / 250);
      const values = [Math.round(40 + 9 * wave), (5000 - minutes) * 12_500_000, 88 + 8 * wave] as const;
      for (const period of ['all', '1h']) insert.run((nowMs - minutes * MINUTE_MS) / 1000, period, ...values);
    }
  })();
  // The start that ended the gap.
  database
    .prepare("INSERT INTO events (at_ms, kind, count, detail) VALUES (?, 'started', ?, 'in_order')")
    .run(nowMs - GAP_MINUTES.to * MINUTE_MS, (GAP_MINUTES.from - GAP_MINUTES.to) * MINUTE_MS);
  database.close();
}

const figure = (page: Page, name: string) => page.locator(`[data-chart="${name}"]`);
const reading = (page: Page, name: string) => figure(page, name).locator('.reading').textContent();
const hashOf = async (page: Page) => new URL(page.url()).hash;
const chosen = (page: Page, group: string) => page.locator(`#${group} input:checked`).getAttribute('value');

/** Waits until the charts show a span of this many hours; returns it in ms. */
async function spanOf(page: Page, hours: number) {
  return until(`${hours} h to be shown`, async () => {
    const text = (await figure(page, 'nodes').getAttribute('data-span')) ?? '';
    const [fromMs = 0, toMs = 0] = text.split('/').map(Date.parse);
    return Math.abs((toMs - fromMs) / HOUR_MS - hours) < 0.01 && { fromMs, toMs };
  });
}

describe('charts', () => {
  it('charts - span, zoom and period stand in the address; the back button, a reload and rubbish work', async () => {
    const { page } = await openPage(browser, `${url}#/?span=24h&period=1h`);
    await spanOf(page, 24);
    expect([await chosen(page, 'range'), await chosen(page, 'period')]).toEqual(['24h', '1h']);
    await page.locator('#range input[value="7d"]').check();
    await spanOf(page, 168);
    expect(await hashOf(page)).toBe('#/?span=7d&period=1h');
    await page.locator('#period input[value="all"]').check();
    // The default is left out.
    expect(await hashOf(page)).toBe('#/?span=7d');
    await page.locator('#zoom-newest').click();
    const zoom = await spanOf(page, 84);
    const hash = await hashOf(page);
    expect(hash).toMatch(/^#\/\?span=7d&from=.*Z&to=.*Z$/);
    // The span in words, once for all charts, and read aloud because a button asked for it.
    const words = await page.locator('#span-words').textContent();
    expect(words).toMatch(/^\d.* – \d.*, UTC$/);
    expect(await page.locator('#reading').textContent()).toBe(words);
    await page.reload();
    expect(await spanOf(page, 84)).toEqual(zoom);
    expect(await page.locator('#zoom-wider').isDisabled()).toBe(false);
    await page.goBack();
    await spanOf(page, 168);
    expect(await page.locator('#zoom-out').isVisible()).toBe(false);
    await page.goBack();
    expect(await chosen(page, 'period')).toBe('1h');
    await page.goBack();
    await spanOf(page, 24);
    await page.goForward();
    await spanOf(page, 168);
    for (const rubbish of [
      '#/?span=99y&from=x&to=y',
      '#/?from=2026-01-02T00:00Z&to=2026-01-01T00:00Z',
      '#/?from=9999999999999999',
    ]) {
      await page.evaluate(`location.hash = ${JSON.stringify(rubbish)}`);
      await spanOf(page, 1);
      expect(await chosen(page, 'range')).toBe('1h');
    }
    // A view that the page does not have becomes the dashboard, with the same choices.
    await page.evaluate("location.hash = '#/nonsense/x?span=24h'");
    await spanOf(page, 24);
    expect(await hashOf(page)).toBe('#/?span=24h');
    expect(await page.locator('#view-dashboard').isVisible()).toBe(true);
    // Milliseconds are times too.
    await page.evaluate(`location.hash = '#/?from=${zoom.fromMs}&to=${zoom.toMs}'`);
    expect(await spanOf(page, 84)).toEqual(zoom);
  });

  it('charts - they load nothing while another view is shown, and what is new as soon as they are shown', async () => {
    const { page } = await openPage(browser, url);
    await spanOf(page, 1);
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/history')) asked.push(request.url());
    });
    await page.locator('.views a', { hasText: 'Events' }).click();
    await page.locator('#view-events').waitFor();
    asked.length = 0;
    const tick = () => page.locator('[data-text="lastUpdated"]').first().textContent();
    const first = await tick();
    await until('a tick', async () => (await tick()) !== first);
    const second = await tick();
    await until('another tick', async () => (await tick()) !== second);
    expect(asked).toEqual([]);
    await page.locator('.views a', { hasText: 'Dashboard' }).click();
    await until('the rows', () => asked.length > 0);
  });

  it('charts - a gap has a name, the span before is a dashed line, and only an area from 0 is filled', async () => {
    const { page } = await openPage(browser, `${url}#/?span=24h`);
    const { fromMs } = await spanOf(page, 24);
    for (const name of CHARTS)
      expect(await figure(page, name).getAttribute('data-gaps')).toContain('aggregator away 14 h');
    expect(await figure(page, 'nodes').getAttribute('data-area')).toBe('true');
    expect(await figure(page, 'success').getAttribute('data-area')).toBe('false');
    expect(await reading(page, 'nodes')).toMatch(/^now \d+ · before \d+ · low \d+ · high \d+$/);
    expect(await page.locator('#before-key').isVisible()).toBe(true);

    // One cursor for all charts; a screen reader hears the one that has the focus.
    await figure(page, 'tasks').locator('.plot').focus();
    await page.keyboard.press('Home');
    const first = await reading(page, 'tasks');
    expect(first).toMatch(/^[\d,]+ at .* · before [\d,]+$/);
    expect(await page.locator('#reading').textContent()).toBe(first);
    const moment = / at (.*?) ·/.exec(first ?? '')?.[1] ?? '';
    for (const name of CHARTS) expect(await reading(page, name)).toContain(moment);
    const inTheGap = await until('the gap', async () => {
      await page.keyboard.press('ArrowRight');
      const text = await page.locator('#reading').textContent();
      return text?.startsWith('aggregator') === true && text;
    });
    expect(inTheGap).toMatch(/^aggregator away 14 h: .* to /);
    expect(await reading(page, 'nodes')).toBe(inTheGap);
    const before = await page.locator('#reading').textContent();
    await page.keyboard.press('PageDown');
    const further = await page.locator('#reading').textContent();
    expect(further).not.toBe(before);
    await page.keyboard.press('End');
    expect(await page.locator('#reading').textContent()).not.toBe(further);
    await page.keyboard.press('Home');
    await page.keyboard.press('+');
    await until('the older half', async () => (await spanOf(page, 12)).fromMs - fromMs < MINUTE_MS);
    // The cursor stays where it was.
    await until(
      'the value to be read still',
      async () => (await reading(page, 'nodes'))?.includes(moment) === true,
    );
    await page.keyboard.press('Escape');
    expect(await reading(page, 'nodes')).toMatch(/^last \d+ · /);
    await page.keyboard.press('0');
    const { toMs } = await spanOf(page, 24);

    // A span that begins in the gap names it too; one that lies in it has no rows.
    const show = (fromHours: number, toHours: number) =>
      page.evaluate(`location.hash = '#/?from=${toMs - fromHours * HOUR_MS}&to=${toMs - toHours * HOUR_MS}'`);
    await show(10, 4);
    await spanOf(page, 6);
    await page.locator(`[data-chart="nodes"][data-gaps='["aggregator away 14 h"]']`).waitFor();
    await show(9, 6);
    await page.locator('[data-chart="tasks"] .empty', { hasText: /^No rows in this span\.$/ }).waitFor();
  });

  it('charts - a restart and an outage of the broker are marks that pointer and keyboard read', async () => {
    const folder = await testFolder('charts-marks');
    const broker = await launchBroker({ storeFolder: folder.folder });
    const env = at(broker.url, folder);
    const first = launch(env);
    await first.ready();
    await send(await connectTo(broker.url), [heartbeat('node-a')]);
    await shown(first, { totalNodes: 1 });
    const happened = (kind: string) =>
      until(
        `the event ${kind}`,
        async () => (await first.get(`/api/federation/events-log?kind=${kind}`)).body['total'] === 1,
      );
    await broker.stop();
    await happened('broker_away');
    await launchBroker({ storeFolder: folder.folder, port: broker.port });
    await happened('broker_back');
    first.process.kill('SIGKILL');
    await first.exit;
    const second = launch(env);
    await second.ready();
    const { page } = await openPage(browser, await second.url());
    const marks = figure(page, 'nodes').locator('.chart-mark');
    const titles = () =>
      marks.evaluateAll((found: readonly { title: string }[]) => found.map(({ title }) => title));
    await until('three marks', async () => (await marks.count()) === 3);
    expect(await titles()).toEqual([
      'aggregator started with a new database',
      expect.stringMatching(/^broker away \d+ (ms|s)$/),
      expect.stringMatching(/^aggregator restarted after a crash or a kill, .* after its last sign of life$/),
    ]);
    await figure(page, 'nodes').locator('.plot').focus();
    await until('the mark to be read', async () => {
      await page.keyboard.press('ArrowLeft');
      return (await page.locator('#reading').textContent())?.includes('restarted after a crash') === true;
    });
    await marks.last().hover();
    await until(
      'the pointer to read it',
      async () => (await reading(page, 'tasks'))?.includes('restarted') === true,
    );
  });

  it('charts - the form takes a span, and says what is wrong with others', async () => {
    const { page } = await openPage(browser, url, { timezoneId: 'Europe/Berlin' });
    await spanOf(page, 1);
    await page.locator('#span-picker summary').click();
    const [from, to, problem] = ['#span-from', '#span-to', '#span-problem'].map((id) => page.locator(id));
    if (from === undefined || to === undefined || problem === undefined) throw new Error('unreachable');
    expect(await from.inputValue()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
    const show = page.locator('#span-picker button[type="submit"]');
    for (const [begin, end, sentence] of [
      ['', '2026-01-01T10:00', 'Enter a date and a time.'],
      ['2026-01-01T10:00', '2026-01-01T09:00', 'The end must be after the beginning.'],
      ['2026-01-01T10:00', '2026-01-01T10:01', 'The shortest span is 2 min.'],
      ['2222-01-01T10:00', '2222-01-01T11:00', 'The beginning is in the future.'],
      ['0001-01-01T10:00', '2026-01-01T11:00', 'Enter times in the years 1970 to 9999.'],
    ] as const) {
      await from.fill(begin);
      await to.fill(end);
      await show.click();
      expect(await problem.textContent()).toBe(sentence);
      expect(await page.locator('#span-picker [aria-invalid="true"]').count()).toBe(1);
      expect(await hashOf(page)).toBe('');
    }
    expect(await axeFindings(page)).toEqual([]);
    await from.fill('2026-11-30T10:00');
    await to.fill('2026-11-30T13:00');
    await page.keyboard.press('Enter');
    expect(await spanOf(page, 3)).toEqual({
      fromMs: Date.parse('2026-11-30T09:00:00Z'),
      toMs: Date.parse('2026-11-30T12:00:00Z'),
    });
    expect(await problem.textContent()).toBe('');
    expect(await page.locator('#span-words').textContent()).toMatch(/10:00.*13:00, Europe\/Berlin$/);
    await page.locator('#span-now').click();
    await page.keyboard.press('Escape');
    await show.click();
    await until(
      'now',
      async () =>
        Math.abs(
          Date.parse(new URLSearchParams((await hashOf(page)).slice(3)).get('to') ?? '') - Date.now(),
        ) <
        2 * MINUTE_MS,
    );
    await page.goBack();
    await spanOf(page, 3);
    await page.goBack();
    await spanOf(page, 1);
  });

  it('charts - a picture and the rows can be taken away', async () => {
    const { page } = await openPage(browser, `${url}#/?span=24h`, {
      deviceScaleFactor: 2,
      colorScheme: 'dark',
    });
    await spanOf(page, 24);
    const chart = figure(page, 'success');
    await chart.locator('canvas').waitFor();
    await chart.locator('.menu summary').click();
    expect(await axeFindings(page)).toEqual([]);
    const [picture] = await Promise.all([
      page.waitForEvent('download'),
      chart.locator('[data-part="png"]').click(),
    ]);
    expect(picture.suggestedFilename()).toMatch(/^success_\d{4}-.*Z?_\d{4}-.*\.png$/);
    const bytes = readFileSync(await picture.path());
    expect(bytes.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
    const canvas = await chart
      .locator('canvas')
      .evaluate((it: { readonly width: number; readonly height: number }) => [it.width, it.height] as const);
    // A frame of 12 pixels, and two lines of text above.
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([
      canvas[0] + 48,
      canvas[1] + 2 * (12 + 52),
    ]);
    await chart.locator('[data-part="csv"]').hover();
    const link = new URL((await chart.locator('[data-part="csv"]').getAttribute('href')) ?? '', url);
    const { fromMs, toMs } = await spanOf(page, 24);
    expect(Object.fromEntries(link.searchParams)).toMatchObject({
      period: '1h',
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
    });
    const [rows] = await Promise.all([
      page.waitForEvent('download'),
      chart.locator('[data-part="csv"]').click(),
    ]);
    expect(readFileSync(await rows.path(), 'utf8').split('\n').length).toBeGreaterThan(50);
  });

  it('charts - no label is cut or runs into the next one, in any width, language and clock', async () => {
    for (const [locale, width, deviceScaleFactor] of [
      ['en-US', 320, 1],
      ['de-DE', 820, 2],
      ['fr-FR', 1440, 1],
      ['en-US', 2560, 1.5],
    ] as const) {
      const { page } = await openPage(browser, url, {
        locale,
        deviceScaleFactor,
        viewport: { width, height: 900 },
      });
      // In French no line breaks before a colon.
      if (locale === 'fr-FR')
        expect(await page.locator('#before-key').textContent()).toMatch(/^En pointillé\u{a0}: la/u);
      for (const [range, hours] of [
        ['24h', 24],
        ['30d', 720],
      ] as const) {
        await page.locator(`#range input[value="${range}"]`).check();
        await spanOf(page, hours);
        for (const name of CHARTS) {
          const canvas = figure(page, name).locator('canvas');
          await canvas.waitFor();
          const inner = (await canvas.boundingBox())?.width ?? 0;
          const text = await until('labels', () => figure(page, name).getAttribute('data-labels'));
          const boxes = JSON.parse(text) as readonly { text: string; left: number; right: number }[];
          const where = { locale, width, range, name, text };
          expect({ ...where, cut: boxes.filter(({ left, right }) => left < 0 || right > inner) }).toEqual({
            ...where,
            cut: [],
          });
          const below = boxes.filter(
            ({ right }, index) => index === 0 || right > (boxes[index - 1]?.right ?? 0),
          );
          expect(below.length, text).toBeGreaterThan(1);
          expect({
            ...where,
            met: below.filter(({ left }, index) => index > 0 && left < (below[index - 1]?.right ?? 0)),
          }).toEqual({ ...where, met: [] });
        }
      }
      await page.context().close();
    }
  });

  it('charts - they are readable with forced colours and on paper', async () => {
    const { page } = await openPage(browser, `${url}#/?span=24h`, { forcedColors: 'active' });
    await spanOf(page, 24);
    const painted = () =>
      page.evaluate<boolean>(`(() => {
        const canvas = document.querySelector('[data-chart="success"] canvas');
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
        copy.drawImage(canvas, 0, 0);
        const probe = document.createElement('span');
        probe.style.color = 'CanvasText';
        document.body.append(probe);
        const system = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
        probe.remove();
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4)
          if (data[at + 3] === 255 && system.every((part, index) => data[at + index] === part)) return true;
        return false;
      })()`);
    await until('the colour of the system', painted);
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ media: 'print', forcedColors: 'none', colorScheme: 'dark' });
    await until(
      'the width of paper',
      async () => (await figure(page, 'nodes').locator('canvas').boundingBox())?.width === 640,
    );
    expect(await figure(page, 'nodes').locator('.menu').isVisible()).toBe(false);
    await page.emulateMedia({ media: 'screen' });
    await until(
      'the width of the page',
      async () => (await figure(page, 'nodes').locator('canvas').boundingBox())?.width !== 640,
    );
  });
});
