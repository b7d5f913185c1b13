// Messages that are missing from the numbers, in the real program: logged once, shown until an operator acknowledges
// them, over restarts.

import { jetstreamManager } from '@nats-io/jetstream';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { runCommand } from '../../support/command.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send } from '../../support/federation.ts';
import { hashOf, taskReceived, tasks } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const PUBLISHED = 500;
const PURGED = 400;

const unacknowledged = (program: Aggregator, outcome: string) =>
  program.metric('aggregator_unacknowledged_messages', `outcome="${outcome}"`);

function warnings(program: Aggregator): string[] {
  return program.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
}

async function messagesReason(program: Aggregator): Promise<unknown> {
  const { status, body } = await program.get('/readyz');
  expect(status).toBe(200);
  return (body['components'] as Record<string, unknown>)['messages'];
}

async function missing(program: Aggregator): Promise<readonly Record<string, unknown>[]> {
  return (await program.get('/api/federation/health')).body['missing'] as Record<string, unknown>[];
}

describe('missing messages', () => {
  it('missing messages - messages lost during downtime give a log line, a banner and a mark over restarts, until they are acknowledged', async () => {
    const own = await testFolder('missing');
    const broker = await launchBroker({ storeFolder: own.folder });
    const env = at(broker.url, own);
    const first = launch(env);
    await first.ready();
    expect([await missing(first), await messagesReason(first)]).toEqual([[], { ok: true }]);
    expect(await first.stop()).toBe(0);

    const connection = await connectTo(broker.url);
    await send(connection, tasks(0, PUBLISHED));
    const manager = await jetstreamManager(connection);
    await manager.streams.purge('TRUEBIT_INGEST', { seq: PURGED + 1 });

    const second = launch(env);
    await counted(second, PUBLISHED - PURGED);
    await second.ready();
    await until('the line', () => warnings(second).length > 0);
    expect(warnings(second)).toEqual([
      expect.stringMatching(
        /^ingest: 400 messages lost and missing from the numbers for good\. The stream dropped them .*STREAM_MAX_AGE.*: \.\/aggregator status --acknowledge$/,
      ),
    ]);
    expect(await unacknowledged(second, 'lost')).toBe(PURGED);
    expect(await missing(second)).toMatchObject([{ outcome: 'lost', messages: PURGED }]);

    const browser = await launchBrowser();
    try {
      const url = await second.url();
      const { page } = await openPage(browser, url, { allowed: /Failed to load resource|ERR_/ });
      await page.locator('#status[data-status="missing"]').waitFor();
      expect(await page.locator('#status-text').textContent()).toBe('Live, messages missing');
      expect(await page.locator('#missing').textContent()).toMatch(
        /^400 messages lost, found at \d.*, and missing from the numbers for good\. The stream dropped .*\.\/aggregator status --acknowledge\.$/,
      );
      expect(await page.locator('#missing').isVisible()).toBe(true);
      if (process.env['SCREENSHOT'] !== undefined) await page.screenshot({ path: process.env['SCREENSHOT'] });

      // The mark outlives the process; only the discovery is logged.
      expect(await second.stop()).toBe(0);
      const third = launch({ ...env, HTTP_PORT: new URL(url).port });
      await third.ready();
      const status = await runCommand(['status', '--http', await third.url()]);
      expect(status.code).toBe(0);
      expect(status.stdout).toMatch(/^ {11}messages: 400 messages lost, found at .*--acknowledge$/m);
      expect(warnings(third)).toEqual([]);
      await page.locator('#status[data-status="missing"]').waitFor();

      const done = await runCommand(['status', '--acknowledge'], { ...env });
      expect([done.code, done.stderr]).toEqual([0, '']);
      expect(done.stdout).toMatch(/^Acknowledged: 400 messages lost, found at .*\.\n$/);
      await page.locator('#status[data-status="connected"]').waitFor();
      expect(await page.locator('#missing').textContent()).toBe('');
      await until('the gauge', async () => (await unacknowledged(third, 'lost')) === 0);
      expect([await missing(third), await messagesReason(third)]).toEqual([[], { ok: true }]);
      await expectConserved(third, own.databasePath);
      expect(await third.stop()).toBe(0);
    } finally {
      await browser.close();
    }

    // The command also works without a running program, with no message left to acknowledge; the next start logs no
    // loss.
    const again = await runCommand(['status', '--acknowledge', '--json'], { ...env });
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, { acknowledged: [] }]);
    const fourth = launch(env);
    await fourth.ready();
    expect([await unacknowledged(fourth, 'lost'), await missing(fourth), warnings(fourth)]).toEqual([
      0,
      [],
      [],
    ]);
    expect(await fourth.stop()).toBe(0);
  });

  it('missing messages - messages set aside stay on record too, and losses after an acknowledgement warn again', async () => {
    const own = await testFolder('missing-quarantined');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const database = new Sqlite(own.databasePath, { timeout: 8000 });
    database.exec(
      `CREATE TRIGGER poison BEFORE INSERT ON tasks WHEN new.hash = x'${hashOf(666)}' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    database.close();
    await send(connection, [...tasks(0, 10), taskReceived(666)]);
    await counted(program, 11);
    await until('the gauge', async () => (await unacknowledged(program, 'quarantined')) === 1);
    await program.ready();
    expect(await missing(program)).toMatchObject([{ outcome: 'quarantined', messages: 1 }]);
    program.process.kill('SIGKILL');
    await program.exit;

    const stopped = await runCommand(['status', '--acknowledge'], { ...own.env });
    expect(stopped.stdout).toMatch(/^Acknowledged: 1 message set aside, found at/);
    const second = launch(own.env);
    await second.ready();
    expect(await missing(second)).toEqual([]);
    await send(connection, [taskReceived(666)]);
    await counted(second, 1);
    await until('the gauge', async () => (await unacknowledged(second, 'quarantined')) === 1);
    expect(await missing(second)).toMatchObject([{ outcome: 'quarantined', messages: 1 }]);
  });

  it('missing messages - an acknowledgement concerns the local database, never a program on another machine', async () => {
    const both = await runCommand(['status', '--acknowledge', '--http', 'http://127.0.0.1:9']);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('give one of them')]);
  });
});
