// A database with overwritten pages in the middle, and the readers that meet them: pages of the dashboard, a tick, the
// hourly audit, and the nodes at a start.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Aggregator, SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import { damagePagesWith } from '../../support/damage.ts';
import { freePort } from '../../support/free-port.ts';
import { at, launch, launchBroker, runToEnd, testFolder } from '../../support/program.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';
import { hash, NOW_MS, received } from '../store/events.ts';
import { Opened } from '../store/opened.ts';

const NODES = 400;
/** In the middle: neither among the first nor among the last. */
const DAMAGED_NODE = 'node-0200';
const DAMAGED_TASK = 200;

async function setUp(name: string, seams: object = {}) {
  const own = await testFolder(name);
  const broker = await launchBroker({ storeFolder: join(own.folder, 'broker') });
  const env = at(broker.url, own, {
    // Retention would read every row, and the writer would meet the damage too when a node becomes stale.
    RETENTION_DAYS: '0',
    STALE_AFTER: '3600000',
    OFFLINE_AFTER: '7200000',
    SEAMS: JSON.stringify(seams),
  });
  const opened = new Opened(own.databasePath, { generationSize: 1000 });
  for (let task = 0; task < NODES; task++) {
    const node = `node-${String(task).padStart(4, '0')}`;
    opened.writer.apply(received(node, hash(task)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  }
  opened.commit();
  opened.writer.close();
  return { ...own, env };
}

/** Waits until the program has stored the first state of every node: only then is nothing left to write to their pages. */
function statesStored(databasePath: string): Promise<unknown> {
  return until(
    'the states of all nodes',
    () => valueOf(databasePath, 'SELECT count(*) FROM nodes WHERE state IS NOT NULL') === NODES,
  );
}

/** Waits until `/readyz` says that the database cannot be read. */
function refused(program: Aggregator): Promise<unknown> {
  return until('the reason in /readyz', async () => {
    const { status, body } = await program.get('/readyz');
    const { database } = body['components'] as { database: { ok: boolean; reason?: string } };
    const reason =
      /cannot be read \(SQLITE_CORRUPT\w*\): the file is damaged .*; stop the program and restore/;
    return status === 503 && !database.ok && reason.test(database.reason ?? '');
  });
}

/** One line in the log reports it, one reports its end, and no other line is an error. */
async function expectToldOnce(program: Aggregator): Promise<void> {
  await until('the end in the log', () => program.log.some(({ msg }) => msg.includes('can be read again')));
  const told = program.log.filter(({ level }) => level === 'error' || level === 'warn');
  expect(told).toEqual([
    expect.objectContaining({
      code: 'database_unusable',
      msg: expect.stringMatching(/^database: .+ cannot be read/),
    }),
  ]);
  expect(await program.stop()).toBe(0);
}

describe('damaged reads', () => {
  it('damaged reads - damage while the program runs gives 503 to readers, one log line, and a reason in /readyz until the file is repaired', async () => {
    const { env, folder, databasePath } = await setUp('damaged-reads');
    const program = launch(env);
    await program.ready();
    await statesStored(databasePath);
    // A list sorted by id reads every node.
    const pages = ['?sort=nodeId', '?sort=-nodeId', '?sort=lastSeen', `?q=${DAMAGED_NODE}`];
    const ask = () => Promise.all(pages.map((query) => program.get(`/api/federation/nodes${query}`)));
    expect((await ask()).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const mend = damagePagesWith(databasePath, Buffer.from(DAMAGED_NODE));
    const damaged = readFileSync(databasePath);
    // SQLite reads the file again at the next commit, which every tick is.
    await until('answers 503', async () => (await ask()).every(({ status }) => status === 503));
    for (const { status, body } of await ask()) {
      expect({ status, body }).toEqual({
        status: 503,
        body: {
          error: {
            code: 'database_unusable',
            message: expect.stringMatching(/^the database cannot be read/),
          },
        },
      });
      expect(JSON.stringify(body)).not.toContain(folder);
    }
    await refused(program);
    expect(readFileSync(databasePath).length).toBe(damaged.length);
    mend();
    await program.ready();
    expect((await ask()).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await expectToldOnce(program);
  });

  it('damaged reads - damage that only the audit meets gives the same log line and reason', async () => {
    const { env, databasePath } = await setUp('damaged-audit', { auditIntervalMs: 300 });
    const program = launch(env, SERVE_WITH_SEAMS);
    await program.ready();
    await statesStored(databasePath);
    const mend = damagePagesWith(databasePath, Buffer.from(hash(DAMAGED_TASK), 'hex'));
    await refused(program);
    mend();
    await program.ready();
    await expectToldOnce(program);
  });

  it('damaged reads - damage in the nodes at a start ends the program with one sentence', async () => {
    const { env, databasePath } = await setUp('damaged-start');
    damagePagesWith(databasePath, Buffer.from(DAMAGED_NODE));
    const damaged = readFileSync(databasePath);
    const ended = await runToEnd({ ...env, HTTP_PORT: String(await freePort()) });
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toMatch(/^[^\n]+ \(SQLITE_CORRUPT\w*\): [^\n]+ \[database_unusable\]\n$/);
    expect(readFileSync(databasePath).equals(damaged)).toBe(true);
  });
});
